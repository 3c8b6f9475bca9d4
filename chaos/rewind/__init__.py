"""Power losses: a server is started on every state that its append-only file has ever had."""
