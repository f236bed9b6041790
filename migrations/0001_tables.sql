-- The desired state. Everything lives in the schema patchbay (the search path is set by who runs this).
-- Keys are compared as bytes. Bodies are text: json would be parsed again on every commit, jsonb loses the keys' order.

-- Marks what this database's operator makes elsewhere.
CREATE TABLE meta (
  one             boolean PRIMARY KEY DEFAULT true CHECK (one),
  installation_id uuid NOT NULL DEFAULT gen_random_uuid(),
  created_at      timestamptz NOT NULL DEFAULT now()
);
INSERT INTO meta DEFAULT VALUES;

-- The last revision. Its row is locked by the committing transaction itself, so revisions are commit order.
CREATE TABLE counter (
  one   boolean PRIMARY KEY DEFAULT true CHECK (one),
  value bigint NOT NULL
) WITH (fillfactor = 10);
INSERT INTO counter (value) VALUES (0);

-- Apart from the counter, so that pruning does not stop commits.
CREATE TABLE log_state (
  one         boolean PRIMARY KEY DEFAULT true CHECK (one),
  oldest_kept bigint NOT NULL  -- changes after this revision can be read
) WITH (fillfactor = 10);
INSERT INTO log_state (oldest_kept) VALUES (0);

-- What there is. Small rows, updated in place.
CREATE TABLE objects (
  resource   text COLLATE "C" NOT NULL,
  ns         text COLLATE "C" NOT NULL,
  name       text COLLATE "C" NOT NULL,
  uid        text NOT NULL,
  revision   bigint NOT NULL,
  generation bigint NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (resource, ns, name)
) WITH (fillfactor = 80);

-- What watchers read, in order; and the only place of an object's body: it is the body of the change that made its
-- revision. That change outlives pruning until the object moves on.
CREATE TABLE changes (
  revision   bigint PRIMARY KEY,
  deleted    boolean NOT NULL,
  resource   text COLLATE "C" NOT NULL,
  ns         text COLLATE "C" NOT NULL,
  name       text COLLATE "C" NOT NULL,
  uid        text NOT NULL,
  generation bigint NOT NULL,
  body       text NOT NULL,
  at         timestamptz NOT NULL DEFAULT now()
) WITH (toast_tuple_target = 8160, autovacuum_vacuum_scale_factor = 0.05);

-- One row per webhook that ever had a message: the message in flight, and what became of the others.
CREATE TABLE webhook_queues (
  webhook_uid  text PRIMARY KEY,
  leased       bigint,
  leased_until timestamptz,
  delivered    bigint NOT NULL DEFAULT 0,
  failed       bigint NOT NULL DEFAULT 0,
  last_at      timestamptz,
  last_status  int NOT NULL DEFAULT 0,
  last_error   text NOT NULL DEFAULT ''
) WITH (fillfactor = 50);

CREATE TABLE deliveries (
  id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  webhook_uid  text NOT NULL,
  webhook_ns   text NOT NULL,
  webhook_name text NOT NULL,
  message_id   text NOT NULL,
  type         text NOT NULL,
  payload      text NOT NULL,
  state        text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'delivered', 'failed')),
  attempts     int NOT NULL DEFAULT 0,
  not_before   timestamptz NOT NULL DEFAULT now(),
  created_at   timestamptz NOT NULL DEFAULT now(),
  settled_at   timestamptz,
  last_status  int NOT NULL DEFAULT 0,
  last_error   text NOT NULL DEFAULT ''
) WITH (fillfactor = 80);
CREATE INDEX deliveries_pending ON deliveries (webhook_uid, id) WHERE state = 'pending';
CREATE INDEX deliveries_settled ON deliveries (settled_at) WHERE state <> 'pending';
