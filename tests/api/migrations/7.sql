insert into idempotency values ('twice', '"other"', '{"revision":5,"created":0,"updated":0,"deleted":0,"unchanged":1,"warnings":[]}', 1767225000000013);
