insert into publish_hook values ('follow', '', 3, null, null);
insert into publish_hook values ('follow', 'old', 3, 1767100000000006, '{"id":"msg_1","revision":5,"is_gone":false,"at":1767100000000007}');
