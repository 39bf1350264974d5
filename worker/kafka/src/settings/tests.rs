//! Settings of clients, as tables.


