insert into delivery values (1, 'tracker', 'first', null, 1767100000000000, '[["content-type","application/json"]]', '[]', 39, 'ignored', 1, 1767100000000001, '{}');
insert into delivery values (2, 'tracker', 'second', 'a hash', 1767100000000002, '[]', '[{"op":"delete","kind":"shots","project":"new","id":"x"}]', 59, 'waiting', 1, 1767100000000003, '{"project":"new","detail":"there is no project new yet"}');
insert into delivery values (3, 'tracker', 'third', null, 1767100000000004, null, null, 20, 'applied', 1, 1767100000000005, '{"revision":3}');
