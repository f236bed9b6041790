-- For people who look with psql: SELECT name, status, container_ids FROM plugins. What is not of the expected JSON
-- type reads as NULL, so that no row can break a view.
CREATE FUNCTION json_int(value json) RETURNS bigint IMMUTABLE LANGUAGE sql
  AS $$ SELECT CASE WHEN json_typeof(value) = 'number' THEN trunc((value #>> '{}')::numeric)::bigint END $$;
CREATE FUNCTION json_bool(value json) RETURNS boolean IMMUTABLE LANGUAGE sql
  AS $$ SELECT CASE WHEN json_typeof(value) = 'boolean' THEN (value #>> '{}')::boolean END $$;
CREATE FUNCTION json_text(value json) RETURNS text IMMUTABLE LANGUAGE sql
  AS $$ SELECT CASE WHEN json_typeof(value) NOT IN ('object', 'array', 'null') THEN value #>> '{}' END $$;
CREATE FUNCTION json_items(value json) RETURNS SETOF json IMMUTABLE LANGUAGE sql
  AS $$ SELECT json_array_elements(CASE WHEN json_typeof(value) = 'array' THEN value ELSE '[]' END) $$;
CREATE FUNCTION json_texts(value json) RETURNS text[] IMMUTABLE LANGUAGE sql
  AS $$ SELECT coalesce(array_agg(json_text(item)), '{}') FROM json_items(value) item $$;
-- The status ("True", "False", "Unknown") of one of status.conditions.
CREATE FUNCTION json_condition(body json, wanted text) RETURNS text IMMUTABLE LANGUAGE sql
  AS $$ SELECT json_text(item -> 'status') FROM json_items(body #> '{status,conditions}') item
         WHERE json_text(item -> 'type') = wanted LIMIT 1 $$;

CREATE VIEW plugins AS
SELECT o.ns AS namespace, o.name,
       json_text(b -> 'spec' -> 'image') AS image,
       coalesce(json_bool(b -> 'spec' -> 'enabled'), true) AS enabled,
       coalesce(json_int(b -> 'spec' -> 'replicas'), 1)::int AS replicas,
       coalesce(json_int(b -> 'status' -> 'readyReplicas'), 0)::int AS ready_replicas,
       json_text(b -> 'status' -> 'phase') AS status,
       json_condition(b, 'Ready') AS ready,
       ARRAY(SELECT json_text(i -> 'id') FROM json_items(b #> '{status,instances}') i) AS container_ids,
       json_text(b -> 'status' -> 'currentRevision') AS current_revision,
       json_text(b -> 'status' -> 'lastError') AS last_error,
       o.uid, o.generation, o.revision, o.created_at, o.updated_at
  FROM objects o JOIN changes c USING (revision) CROSS JOIN LATERAL (SELECT c.body::json AS b OFFSET 0) parsed
 WHERE o.resource = 'plugins.patchbay.dev';

CREATE VIEW routes AS
SELECT o.ns AS namespace, o.name,
       json_texts(b #> '{spec,hosts}') AS hosts,
       ARRAY(SELECT json_text(p -> 'value') FROM json_items(b #> '{spec,paths}') p) AS paths,
       ARRAY(SELECT coalesce(json_text(t -> 'url'), concat_ws(':', json_text(t -> 'plugin'), json_text(t -> 'port')))
               FROM json_items(b #> '{spec,backends}') t) AS backends,
       coalesce(json_bool(b -> 'spec' -> 'enabled'), true) AS enabled,
       json_condition(b, 'Accepted') AS accepted,
       json_condition(b, 'Programmed') AS programmed,
       json_condition(b, 'Ready') AS ready,
       o.uid, o.generation, o.revision, o.created_at, o.updated_at
  FROM objects o JOIN changes c USING (revision) CROSS JOIN LATERAL (SELECT c.body::json AS b OFFSET 0) parsed
 WHERE o.resource = 'routes.patchbay.dev';

CREATE VIEW webhooks AS
SELECT o.ns AS namespace, o.name,
       json_text(b -> 'spec' -> 'url') AS url,
       json_texts(b #> '{spec,events}') AS events,
       coalesce(json_bool(b -> 'spec' -> 'enabled'), true) AS enabled,
       (SELECT count(*) FROM deliveries d WHERE d.webhook_uid = o.uid AND d.state = 'pending') AS pending,
       coalesce(q.delivered, 0) AS delivered,
       coalesce(q.failed, 0) AS failed,
       q.last_at AS last_triggered_at, q.last_status, q.last_error,
       o.uid, o.generation, o.revision, o.created_at, o.updated_at
  FROM objects o JOIN changes c USING (revision) CROSS JOIN LATERAL (SELECT c.body::json AS b OFFSET 0) parsed
  LEFT JOIN webhook_queues q ON q.webhook_uid = o.uid
 WHERE o.resource = 'webhooks.patchbay.dev';

CREATE VIEW plugin_events AS
SELECT o.ns AS namespace,
       json_text(b -> 'involvedObject' -> 'kind') AS kind,
       json_text(b -> 'involvedObject' -> 'name') AS name,
       json_text(b -> 'type') AS type,
       json_text(b -> 'reason') AS reason,
       json_text(b -> 'message') AS message,
       coalesce(json_int(b -> 'count'), 1)::int AS count,
       o.created_at AS first_seen, o.updated_at AS last_seen
  FROM objects o JOIN changes c USING (revision) CROSS JOIN LATERAL (SELECT c.body::json AS b OFFSET 0) parsed
 WHERE o.resource = 'events';

-- So that psql finds the views by their bare names. Left alone when somebody has set a search path already, or when we
-- may not.
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase, unnest(s.setconfig) c
                  WHERE d.datname = current_database() AND c LIKE 'search_path=%') THEN
    EXECUTE format('ALTER DATABASE %I SET search_path = "$user", public, patchbay', current_database());
  END IF;
EXCEPTION WHEN insufficient_privilege THEN
  RAISE NOTICE 'the search path stays as it is: write patchbay.plugins';
END
$$;
