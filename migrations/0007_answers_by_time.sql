-- With each write that carries an Idempotency-Key the answers go that are older than a day: they are found by this.
create index idempotency_by_time on idempotency (at);
