//! Whatever is sent, reading it ends with changes or with faults that say where.
