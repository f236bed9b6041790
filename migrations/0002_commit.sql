-- One call is one commit. The arrays run in parallel, one element a write (p_) or a delivery (d_); p_expected is -1 for
-- "whatever is there". Revisions are base + 1, base + 2, ... in the writes' order; a unit with a failed precondition
-- leaves holes. Not one statement: the rows must be read after the counter's lock was taken, not before it was waited for.
CREATE FUNCTION commit_batch(
  p_unit int[], p_deleted boolean[], p_expected bigint[], p_resource text[], p_ns text[], p_name text[], p_uid text[],
  p_generation bigint[], p_body text[],
  d_unit int[], d_webhook_uid text[], d_webhook_ns text[], d_webhook_name text[], d_message_id text[], d_type text[],
  d_payload text[],
  OUT base bigint,
  OUT failed int[],      -- ordinals (from 1) of writes whose precondition does not hold; NULL when all do
  OUT present bigint[]   -- for each of them, the revision that is there; 0 for none
) LANGUAGE plpgsql AS $$
DECLARE
  dropped int[];
BEGIN
  UPDATE counter SET value = value + cardinality(p_unit) WHERE one RETURNING value - cardinality(p_unit) INTO base;

  SELECT array_agg(w.i ORDER BY w.i), array_agg(coalesce(o.revision, 0) ORDER BY w.i), array_agg(w.unit)
    INTO failed, present, dropped
    FROM unnest(p_unit, p_deleted, p_expected, p_resource, p_ns, p_name) WITH ORDINALITY
           AS w (unit, deleted, expected, resource, ns, name, i)
    LEFT JOIN objects o ON o.resource = w.resource AND o.ns = w.ns AND o.name = w.name
   WHERE CASE WHEN w.expected = 0 THEN o.revision IS NOT NULL
              WHEN w.expected > 0 THEN o.revision IS DISTINCT FROM w.expected
              ELSE w.deleted AND o.revision IS NULL END;

  WITH w AS MATERIALIZED (
    SELECT * FROM unnest(p_unit, p_deleted, p_resource, p_ns, p_name, p_uid, p_generation, p_body) WITH ORDINALITY
                    AS w (unit, deleted, resource, ns, name, uid, generation, body, i)
     WHERE dropped IS NULL OR unit <> ALL (dropped)
  ), put AS (
    INSERT INTO objects AS o (resource, ns, name, uid, revision, generation, body)
    SELECT resource, ns, name, uid, base + i, generation, body FROM w WHERE NOT deleted
    ON CONFLICT (resource, ns, name) DO UPDATE
       SET uid = excluded.uid, revision = excluded.revision, generation = excluded.generation, body = excluded.body,
           updated_at = excluded.updated_at
  ), gone AS (
    DELETE FROM objects o USING w
     WHERE w.deleted AND o.resource = w.resource AND o.ns = w.ns AND o.name = w.name
  )
  INSERT INTO changes (revision, deleted, resource, ns, name, uid, generation, body)
  SELECT base + i, deleted, resource, ns, name, uid, generation, body FROM w;

  IF cardinality(d_unit) > 0 THEN
    WITH d AS MATERIALIZED (
      SELECT * FROM unnest(d_unit, d_webhook_uid, d_webhook_ns, d_webhook_name, d_message_id, d_type, d_payload)
                      WITH ORDINALITY AS d (unit, webhook_uid, webhook_ns, webhook_name, message_id, type, payload, i)
       WHERE dropped IS NULL OR unit <> ALL (dropped)
    ), queued AS (
      INSERT INTO webhook_queues (webhook_uid) SELECT DISTINCT webhook_uid FROM d ON CONFLICT DO NOTHING
    )
    INSERT INTO deliveries (webhook_uid, webhook_ns, webhook_name, message_id, type, payload)
    SELECT webhook_uid, webhook_ns, webhook_name, message_id, type, payload FROM d ORDER BY i;
  END IF;

  PERFORM pg_notify('patchbay', (base + cardinality(p_unit))::text);
END
$$;
