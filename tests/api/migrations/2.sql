insert into download values ('https://tracker.example/ball.png', '{"etag":"\"1\"","last_modified":null,"sha256":null,"next":1767300000000000,"attempts":2,"failure":"404 Not Found"}');
