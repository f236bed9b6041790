-- One call is one commit. The arrays run in parallel, one element a write (p_) or a delivery (d_); p_expected is -1 for
-- "whatever is there". Revisions are base + 1, base + 2, ... in the writes' order; a unit with a failed precondition
-- leaves holes. Not one statement: the rows must be read after the counter's lock was taken, not before that was waited
-- for.
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
  n int := cardinality(p_unit);
  dropped int[];
  old_revision bigint[];  -- superseded, and beyond what watchers can read: nobody needs their bodies any more
  old_unit int[];
BEGIN
  UPDATE counter SET value = value + n WHERE one RETURNING value - n INTO base;

  -- The short question first: mostly there is nothing to refuse and nothing to clear away. (Subscripts, not unnest: the
  -- arrays are expanded here, and unnest would copy each into a table of its own.)
  PERFORM FROM log_state l CROSS JOIN generate_series(1, n) i
    LEFT JOIN objects o ON o.resource = p_resource[i] AND o.ns = p_ns[i] AND o.name = p_name[i]
   WHERE l.one AND (o.revision <= l.oldest_kept
                    OR CASE WHEN p_expected[i] = 0 THEN o.revision IS NOT NULL
                            WHEN p_expected[i] > 0 THEN o.revision IS DISTINCT FROM p_expected[i]
                            ELSE p_deleted[i] AND o.revision IS NULL END)
   LIMIT 1;
  IF FOUND THEN
    SELECT array_agg(i ORDER BY i) FILTER (WHERE bad), array_agg(there ORDER BY i) FILTER (WHERE bad),
           array_agg(p_unit[i]) FILTER (WHERE bad),
           array_agg(there) FILTER (WHERE there BETWEEN 1 AND oldest_kept),
           array_agg(p_unit[i]) FILTER (WHERE there BETWEEN 1 AND oldest_kept)
      INTO failed, present, dropped, old_revision, old_unit
      FROM (SELECT i, coalesce(o.revision, 0) AS there, l.oldest_kept,
                   CASE WHEN p_expected[i] = 0 THEN o.revision IS NOT NULL
                        WHEN p_expected[i] > 0 THEN o.revision IS DISTINCT FROM p_expected[i]
                        ELSE p_deleted[i] AND o.revision IS NULL END AS bad
              FROM log_state l CROSS JOIN generate_series(1, n) i
              LEFT JOIN objects o ON o.resource = p_resource[i] AND o.ns = p_ns[i] AND o.name = p_name[i]
             WHERE l.one) checked;
    IF old_revision IS NOT NULL THEN
      DELETE FROM changes c USING unnest(old_revision, old_unit) AS old (revision, unit)
       WHERE c.revision = old.revision AND (dropped IS NULL OR old.unit <> ALL (dropped));
    END IF;
  END IF;

  INSERT INTO objects AS o (resource, ns, name, uid, revision, generation)
  SELECT p_resource[i], p_ns[i], p_name[i], p_uid[i], base + i, p_generation[i] FROM generate_series(1, n) i
   WHERE NOT p_deleted[i] AND (dropped IS NULL OR p_unit[i] <> ALL (dropped))
      ON CONFLICT (resource, ns, name) DO UPDATE
     SET uid = excluded.uid, revision = excluded.revision, generation = excluded.generation,
         updated_at = excluded.updated_at;

  IF true = ANY (p_deleted) THEN
    DELETE FROM objects o USING generate_series(1, n) i
     WHERE p_deleted[i] AND (dropped IS NULL OR p_unit[i] <> ALL (dropped))
       AND o.resource = p_resource[i] AND o.ns = p_ns[i] AND o.name = p_name[i];
  END IF;

  INSERT INTO changes (revision, deleted, resource, ns, name, uid, generation, body)
  SELECT base + i, p_deleted[i], p_resource[i], p_ns[i], p_name[i], p_uid[i], p_generation[i], p_body[i]
    FROM generate_series(1, n) i WHERE dropped IS NULL OR p_unit[i] <> ALL (dropped);

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

  PERFORM pg_notify('patchbay', (base + n)::text);
END
$$;
