insert into problem values ('old', 'no-range shots/s9', 1767100000000011);
insert into last_change values ('old', 5, 1767100000000012);
