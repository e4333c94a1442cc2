//! Of all pictures of the example production.

use super::{super::production, *};

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap()
}

/// How far two pictures are from each other: the average difference of a byte.
fn distance(a: &Picture, b: &Picture) -> u64 {
    assert_eq!((a.width, a.height), (b.width, b.height));
    let sum: u64 = a.rgb.iter().zip(&b.rgb).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    sum / u64::try_from(a.rgb.len()).unwrap()
}

fn assert_whole(picture: &Picture, width: u16, height: u16) {
    assert_eq!((picture.width, picture.height), (width, height));
    assert_eq!(picture.rgb.len(), usize::from(width) * usize::from(height) * 3);
}

#[test]
fn every_shot_has_a_picture_of_its_own() {
    let snapshots = production::snapshots();
    for (snapshot, height) in snapshots.iter().zip([201, 270]) {
        let pictures: Vec<Picture> = shots(snapshot).iter().map(shot_picture).collect();
        assert_eq!(pictures.len(), snapshot["shots"].as_array().unwrap().len());
        for picture in &pictures {
            assert_whole(picture, 480, height);
        }
        for (n, pair) in pictures.windows(2).enumerate() {
            assert!(distance(&pair[0], &pair[1]) >= 3, "{} and the next", snapshot["shots"][n]["name"]);
        }
        for (n, picture) in pictures.iter().enumerate() {
            assert!(!pictures[..n].contains(picture), "{}", snapshot["shots"][n]["name"]);
        }
    }
}

#[test]
fn every_asset_has_a_picture_of_its_own() {
    let unknown = asset_picture("prop-nothing");
    for snapshot in production::snapshots() {
        for id in snapshot["assets"].as_array().unwrap().iter().map(|asset| text(asset, "id")) {
            let picture = asset_picture(id);
            assert_whole(&picture, 300, 200);
            let is_drawn = portrait::is_known(id);
            assert!(is_drawn && picture != unknown, "{id}");
        }
    }
}

#[test]
fn people_and_projects_have_pictures() {
    let context = production::context();
    let people: Vec<Picture> =
        context["users"].as_array().unwrap().iter().map(|user| person_picture(text(user, "id"))).collect();
    for (n, person) in people.iter().enumerate() {
        assert_whole(person, 400, 400);
        assert!(!people[..n].contains(person));
    }
    let snapshots = production::snapshots();
    let [film, show] = [&snapshots[0], &snapshots[1]].map(|of| project_picture(text(of, "id"), text(of, "name")));
    assert_whole(&film, 450, 300);
    assert!(distance(&film, &show) > 10);
}

#[test]
fn pictures_are_the_same_every_time() {
    let snapshot = &production::snapshots()[0];
    let shots = shots(snapshot);
    assert!(shot_picture(&shots[3]) == shot_picture(&shots[3]));
    assert!(person_picture("somebody-new") == person_picture("somebody-new"));
}

#[test]
fn a_png_file_holds_the_picture() {
    let picture = asset_picture("prop-teapot");
    let read = image::load_from_memory(&png(&picture)).unwrap().into_rgb8();
    assert_eq!(read.dimensions(), (300, 200));
    assert!(read.into_raw() == picture.rgb);
    assert!(png(&Picture { width: 2, height: 2, rgb: vec![0; 3] }).is_empty());
}

#[test]
fn odd_shots_are_painted_too() {
    let odd =
        |description, cast, ratio| Shot { id: "", name: "", sequence: "", description, cast, ratio, frames: 0..0 };
    let cast =
        vec!["char-nobody", "prop-", "fx-", "set-nowhere", "", "char-edda", "char-pell", "char-tam", "char-juno"];
    for ratio in [f32::NAN, -1.0, 1e30] {
        for description in ["", "Insert", "counts", "calm"] {
            for cast in [cast.clone(), vec![]] {
                let picture = shot_picture(&odd(description, cast, ratio));
                assert_whole(&picture, 480, picture.height);
                assert!(picture.height >= 120);
            }
        }
    }
}

#[test]
fn ratios_are_read() {
    assert!((ratio("2.39:1") - 2.39).abs() < 1e-6);
    assert!((ratio("16:9") - 16.0 / 9.0).abs() < 1e-6);
    for text in ["", "1:0", "x:y", "1000:1"] {
        assert!((ratio(text) - 16.0 / 9.0).abs() < 1e-6, "{text}");
    }
}
