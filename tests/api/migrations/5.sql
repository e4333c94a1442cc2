insert into token values ('881dc265-0806-4160-bf16-ca340151f690', 'migrations', x'B4D381CD28BEAD1D6D6B4CCE99A80BD673629916DA4611FCD19CE766703695AC', '{"rights":"admin"}', 1767100000000008, null, null, null);
insert into token values ('4b0c8f6e-6d4c-4b52-9a51-0e2f4cf4b1a7', 'gone', x'00', '{"rights":"write","projects":["old"]}', 1767100000000009, null, 1767100000000010, 1767100000000009);
