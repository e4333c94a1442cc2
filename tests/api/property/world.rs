//! A database with its writer, and everything that must be true of it at any time.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    path::PathBuf,
    sync::Arc,
};

use serde_json::Value;
use sqlx::{ConnectOptions, SqliteConnection, sqlite::SqliteConnectOptions};
use tempfile::TempDir;
use watchtower_server::{
    layout::{Layout, Look},
    model::{
        Id, Kind,
        burndown::counted,
        history::Counted,
        represent::represent,
        scope::{Key, Record, Scope, Studio, View},
        wire::Reader,
    },
    server::Core,
    store::Store,
    writer::{Outcome, Refused, Request},
};

use super::asks::{Ask, PROJECTS, parse};

/// The present, 2026-02-01T00:00:03Z in microseconds since 1970: in the midst of what happens.
const NOW: i64 = 1_769_904_003_000_000;

/// The studio and all projects, those that do not exist among them.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    pub context: Arc<Scope>,
    pub projects: BTreeMap<Id, Arc<Scope>>,
}

impl State {
    /// The files of the trees of both layouts.
    pub fn trees(&self) -> BTreeMap<String, Vec<u8>> {
        let mut files = BTreeMap::new();
        let look = Look::usual(20_500);
        for layout in [Layout::Classic, Layout::V1] {
            let listed = self.context.projects().map(|(id, _)| (id.clone(), self.projects[id].clone()));
            let contents: Vec<_> = listed.collect();
            let mut all = layout.list_files(&self.context, &contents, &look).unwrap().files;
            for (id, _) in self.context.projects() {
                all.extend(layout.project_files(&self.context, id, &self.projects[id], &look).unwrap().files);
            }
            files.extend(all.into_iter().map(|file| (format!("{}/{}", layout.name(), file.path), file.body.to_vec())));
        }
        files
    }

    /// All records, with their keys.
    pub fn records(&self) -> HashMap<Key, Arc<Record>> {
        let scopes = self.projects.iter().map(|(id, scope)| (Some(id), scope)).chain([(None, &self.context)]);
        let lists =
            scopes.flat_map(|(project, scope)| Kind::ALL.iter().map(move |kind| (project, *kind, scope.list(*kind))));
        let records = lists.flat_map(|(project, kind, list)| {
            list.iter()
                .map(move |(id, record)| (Key { project: project.cloned(), kind, id: id.clone() }, record.clone()))
        });
        records.collect()
    }

    /// How the API shows an entity.
    pub fn represent(&self, key: &Key) -> Option<Value> {
        let project = key.project.as_ref().map(|id| (id, &*self.projects[id]));
        let studio = Studio { context: &self.context, project };
        studio.record(key).map(|record| represent(&studio, key, record))
    }

    /// What is other than in another state, in words.
    pub fn difference(&self, other: &State) -> String {
        let (records, others) = (self.records(), other.records());
        let keys: BTreeSet<_> = records.keys().chain(others.keys()).collect();
        let differ = keys.into_iter().filter(|key| records.get(key) != others.get(key));
        let records = differ.map(|key| format!("{key:?}:\n  {:?}\n  {:?}\n", records.get(key), others.get(key)));
        let revisions = |state: &State| {
            let projects = state.projects.iter().map(|(id, scope)| format!("{id} {}", scope.revision));
            format!("revisions: studio {}, {}\n", state.context.revision, projects.collect::<Vec<_>>().join(", "))
        };
        format!("this and that differ\n{}{}{}", revisions(self), revisions(other), records.collect::<String>())
    }

    /// Places are unique and ascending, and what belongs to an owner is found from it.
    fn check_lists(&self) {
        for scope in self.projects.values().chain([&self.context]) {
            for kind in Kind::ALL {
                let list = scope.list(*kind);
                let positions: Vec<_> = list.iter().map(|(_, record)| record.position).collect();
                assert!(positions.is_sorted_by(|a, b| a < b), "{kind:?}: {positions:?}");
                let mut owned: HashMap<_, Vec<Id>> = HashMap::new();
                for (id, record) in list.iter() {
                    if let Some(owner) = record.owner() {
                        owned.entry(owner).or_default().push(id.clone());
                    }
                }
                for (owner, ids) in owned {
                    assert_eq!(list.owned_ids(&owner), ids, "{kind:?} of {owner:?}");
                }
            }
        }
    }

    /// How many tasks of a project count in which state.
    fn counts(&self, project: &Id) -> HashMap<Counted, i64> {
        let scope = &self.projects[project];
        let studio = Studio { context: &self.context, project: Some((project, scope)) };
        let mut counts = HashMap::new();
        for (id, _) in scope.list(Kind::Task).iter() {
            if let Some(state) = counted(&studio, &Key::new(Some(project), Kind::Task, id)) {
                *counts.entry(state).or_insert(0) += 1;
            }
        }
        counts
    }
}

/// A database with its writer.
pub struct World {
    core: Option<Core>,
    path: PathBuf,
    _temp: TempDir,
}

impl World {
    pub async fn new() -> Self {
        let temp = TempDir::new().unwrap();
        let mut world = Self { core: None, path: temp.path().join("watchtower.db"), _temp: temp };
        world.restart().await;
        world
    }

    /// Closes the database and opens it again.
    pub async fn restart(&mut self) {
        if let Some(core) = self.core.take() {
            core.close().await.unwrap();
        }
        self.core = Some(Core::open(&self.path, Arc::new(|| NOW)).await.unwrap());
    }

    fn core(&self) -> &Core {
        self.core.as_ref().unwrap()
    }

    pub async fn write(&self, request: Request) -> Result<Outcome, Refused> {
        self.core().writer.write(request).await
    }

    /// Has a request written as it comes in.
    pub async fn ask(&self, ask: &Ask) -> Result<Outcome, Refused> {
        let Reader { changes, findings, generated, .. } = ask.read();
        if !findings.is_sound() {
            return Err(Refused::Faults(findings.into_result().unwrap_err()));
        }
        self.write(Request { changes, findings, generated, ..Request::default() }).await
    }

    pub fn revision(&self) -> u64 {
        *self.core().writer.revision().borrow()
    }

    /// What is in memory.
    pub async fn state(&self) -> State {
        let studio = &self.core().studio;
        let mut projects = BTreeMap::new();
        for id in PROJECTS.map(parse) {
            projects.insert(id.clone(), studio.scope(&id).await.unwrap());
        }
        State { context: studio.context(), projects }
    }

    /// What another process that opens the database sees.
    async fn stored(&self) -> State {
        let store = Store::open(&self.path).await.unwrap();
        let mut projects = BTreeMap::new();
        for id in PROJECTS.map(parse) {
            projects.insert(id.clone(), Arc::new(store.load(Some(&id)).await.unwrap()));
        }
        let context = Arc::new(store.load(None).await.unwrap());
        assert_eq!(store.last_revision().await.unwrap(), self.revision_of(&context, &projects));
        store.check().await.unwrap();
        store.close().await.unwrap();
        State { context, projects }
    }

    /// The last revision that anything which still exists had; at most that of the writer.
    fn revision_of(&self, context: &Scope, projects: &BTreeMap<Id, Arc<Scope>>) -> u64 {
        let last = projects.values().map(|scope| scope.revision).fold(context.revision, u64::max);
        assert!(last <= self.revision());
        last
    }

    /// Everything in the database, row by row. Numbers that only serve to order rows may be given as their ranks.
    pub async fn dump(&self, ranks: bool) -> Vec<String> {
        let mut connection = self.connect().await;
        let tables =
            "select name from sqlite_schema where type = 'table' and name not like '\\_%' escape '\\' order by name";
        let tables: Vec<String> = sqlx::query_scalar(tables).fetch_all(&mut connection).await.unwrap();
        assert!(tables.contains(&"entity".to_owned()));
        let mut rows = Vec::new();
        for table in tables {
            let columns = "select name from pragma_table_info(?) order by cid";
            let columns: Vec<String> =
                sqlx::query_scalar(columns).bind(&table).fetch_all(&mut connection).await.unwrap();
            let columns = columns.iter().map(|column| match (&*table, &**column) {
                ("entity", "position") if ranks => "row_number() over (partition by project, kind order by position)",
                ("task_status_changes", "id") if ranks => "row_number() over (order by id)",
                (_, column) => column,
            });
            let columns = columns.collect::<Vec<_>>().join(", ");
            let query = format!("select json_array('{table}', {columns}) as line from {table} order by line");
            let found: Vec<String> =
                sqlx::query_scalar(sqlx::AssertSqlSafe(query)).fetch_all(&mut connection).await.unwrap();
            rows.extend(found);
        }
        rows
    }

    async fn connect(&self) -> SqliteConnection {
        SqliteConnectOptions::new().filename(&self.path).read_only(true).connect().await.unwrap()
    }

    /// Memory is what is stored, renders as it does, and the history adds up to the present.
    pub async fn check(&self) {
        let (memory, stored) = (self.state().await, self.stored().await);
        assert!(memory == stored, "{}", memory.difference(&stored));
        assert!(memory.trees() == stored.trees(), "the trees differ");
        memory.check_lists();
        stored.check_lists();
        self.check_history(&memory).await;
    }

    /// Every number of tasks is that of the steps until then, at every moment.
    async fn check_history(&self, memory: &State) {
        type Row = (String, [Option<String>; 4], [Option<String>; 4]);
        let mut connection = self.connect().await;
        let sql = "select json_array(project, json_array(from_of, from_task_type, from_task_status, from_episode), \
                   json_array(to_of, to_task_type, to_task_status, to_episode)) from task_status_changes order by at, id";
        let rows: Vec<String> = sqlx::query_scalar(sql).fetch_all(&mut connection).await.unwrap();
        let mut sums: HashMap<String, HashMap<[Option<String>; 4], i64>> = HashMap::new();
        for row in rows {
            let (project, from, to): Row = serde_json::from_str(&row).unwrap();
            let sums = sums.entry(project).or_default();
            for (state, change) in [(from, -1), (to, 1)] {
                if state[2].is_some() {
                    let sum = sums.entry(state).or_default();
                    *sum += change;
                    assert!(*sum >= 0, "fewer than no tasks: {row}");
                }
            }
        }
        let existing: HashSet<_> = memory.context.projects().map(|(id, _)| id.to_string()).collect();
        for project in memory.projects.keys() {
            let mut sums = sums.remove(project.as_str()).unwrap_or_default();
            assert!(existing.contains(project.as_str()) || sums.is_empty(), "history of {project}, which is no more");
            sums.retain(|_, sum| *sum != 0);
            let counts = memory.counts(project).into_iter().map(|(state, count)| {
                let text = |id: Id| Some(id.to_string());
                let Counted { of, task_type, task_status, episode } = state;
                ([Some(of.singular().to_owned()), text(task_type), text(task_status), episode.and_then(text)], count)
            });
            assert_eq!(sums, counts.collect(), "the history of {project} gives another present");
        }
    }
}
