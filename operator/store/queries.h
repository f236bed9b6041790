// Every statement that runs again and again, by its name (in logs of slow queries and as prepared statement).
#pragma once

#include <array>

namespace patchbay::store {

struct Query {
  const char* name;
  const char* text;
};

inline constexpr Query kCommitBatch = {"store.commit_batch",
                                       "SELECT base, failed, present FROM commit_batch($1, $2, $3, $4, $5, $6, $7, $8, "
                                       "$9, $10, $11, $12, $13, $14, $15, $16)"};

// One row at least; the changes' columns are NULL when there are none. $3 bounds the bytes of one answer.
inline constexpr Query kReadChanges = {
    "store.read_changes",
    "SELECT c.value, l.oldest_kept, r.revision, r.deleted, r.resource, r.ns, r.name, r.uid, r.generation, r.body, "
    "r.total "
    "FROM counter c CROSS JOIN log_state l LEFT JOIN LATERAL ("
    "  SELECT * FROM (SELECT ch.*, sum(octet_length(body)) OVER (ORDER BY revision) - octet_length(body) AS before,"
    "      count(*) OVER () AS total"
    "    FROM (SELECT * FROM changes WHERE revision > $1 ORDER BY revision LIMIT $2) ch) sized"
    "  WHERE before < $3) r ON true WHERE c.one AND l.one ORDER BY r.revision"};

inline constexpr Query kReadPosition = {
    "store.read_position", "SELECT c.value, l.oldest_kept FROM counter c CROSS JOIN log_state l WHERE c.one AND l.one"};

inline constexpr Query kLoadObjects = {"store.load_objects",
                                       "SELECT o.resource, o.ns, o.name, o.uid, o.revision, o.generation, c.body FROM "
                                       "objects o JOIN changes c USING (revision)"
                                       " ORDER BY o.resource, o.ns, o.name"};

inline constexpr Query kInstallationId = {"store.installation_id", "SELECT installation_id FROM meta"};

// The queue's row is what a caller locks and leases; the delivery is looked at again when it is taken, because another
// caller may have settled it since this statement's snapshot.
inline constexpr Query kClaimDeliveries = {
    "store.claim_deliveries",
    "WITH free AS ("
    "  SELECT q.webhook_uid, due.id FROM webhook_queues q CROSS JOIN LATERAL ("
    "    SELECT id FROM deliveries d WHERE d.webhook_uid = q.webhook_uid AND d.state = 'pending'"
    "      AND d.not_before <= clock_timestamp() ORDER BY id LIMIT 1) due"
    "  WHERE (q.leased IS NULL OR q.leased_until <= clock_timestamp()) AND q.webhook_uid <> ALL ($3::text[])"
    "  ORDER BY due.id LIMIT $1 FOR UPDATE OF q SKIP LOCKED"
    "), taken AS ("
    "  UPDATE deliveries d SET attempts = attempts + 1 FROM free WHERE d.id = free.id AND d.state = 'pending'"
    "    AND d.not_before <= clock_timestamp() RETURNING d.*"
    "), leased AS ("
    "  UPDATE webhook_queues q SET leased = taken.id, leased_until = clock_timestamp() + $2 * interval '1 millisecond'"
    "  FROM taken WHERE q.webhook_uid = taken.webhook_uid"
    ") "
    "SELECT id, webhook_uid, webhook_ns, webhook_name, message_id, type, payload, attempts - 1,"
    "  (extract(epoch FROM created_at) * 1000000)::bigint FROM taken ORDER BY id"};

// $2 is the new state ('pending' to try again after $3 milliseconds), $4 the HTTP status, $5 the error.
inline constexpr Query kSettleDelivery = {
    "store.settle_delivery",
    "WITH settled AS ("
    "  UPDATE deliveries SET state = $2::text, not_before = clock_timestamp() + $3 * interval '1 millisecond',"
    "    last_status = $4, last_error = $5,"
    "    settled_at = CASE WHEN $2::text = 'pending' THEN NULL ELSE clock_timestamp() END"
    "  WHERE id = $1 AND state = 'pending' RETURNING id, webhook_uid, state"
    "), counted AS ("
    "  UPDATE webhook_queues q SET delivered = delivered + (s.state = 'delivered')::int,"
    "    failed = failed + (s.state = 'failed')::int, last_at = clock_timestamp(), last_status = $4, last_error = $5,"
    "    leased = nullif(q.leased, s.id)"
    "  FROM settled s WHERE q.webhook_uid = s.webhook_uid"
    ") "
    "SELECT EXISTS (SELECT FROM deliveries WHERE id = $1)"};

inline constexpr Query kCountDeliveries = {
    "store.count_deliveries",
    "SELECT (SELECT count(*) FROM deliveries d WHERE d.webhook_uid = q.webhook_uid AND d.state = 'pending'),"
    "  delivered, failed, coalesce((extract(epoch FROM last_at) * 1000000)::bigint, 0), last_status, last_error "
    "FROM webhook_queues q WHERE webhook_uid = $1"};

// Stops commits until the transaction ends.
inline constexpr Query kLockCounter = {"store.lock_counter", "SELECT value FROM counter WHERE one FOR UPDATE"};

// Forgets at most $3 changes: those beyond the newest $1 revisions, and those older than $2 seconds. A change that is
// still an object's body stays; commit_batch removes it when the object moves on. REQUIRES: the transaction holds
// kLockCounter, so that no object moves on meanwhile.
inline constexpr Query kPruneChanges = {
    "store.prune_changes",
    "WITH eldest AS MATERIALIZED (SELECT c.revision, at, resource, ns, name FROM changes c"
    "    WHERE c.revision > (SELECT oldest_kept FROM log_state) ORDER BY c.revision LIMIT $3),"
    "upto AS MATERIALIZED (SELECT max(revision) AS revision FROM eldest"
    "    WHERE revision <= (SELECT value - $1::bigint FROM counter) OR at < now() - $2 * interval '1 second'),"
    "forgotten AS MATERIALIZED (SELECT e.* FROM eldest e JOIN upto ON e.revision <= upto.revision),"
    "moved AS (UPDATE log_state SET oldest_kept = upto.revision FROM upto WHERE upto.revision IS NOT NULL),"
    "gone AS (DELETE FROM changes c USING forgotten f WHERE c.revision = f.revision AND NOT EXISTS ("
    "    SELECT FROM objects o WHERE o.resource = f.resource AND o.ns = f.ns AND o.name = f.name"
    "      AND o.revision = f.revision)) "
    "SELECT count(*) FROM forgotten"};

// At most $2 settled deliveries older than $1 seconds.
inline constexpr Query kPruneDeliveries = {
    "store.prune_deliveries",
    "WITH old AS (SELECT id FROM deliveries WHERE state <> 'pending' AND settled_at < now() - $1 * interval '1 second'"
    "    ORDER BY settled_at LIMIT $2 FOR UPDATE SKIP LOCKED),"
    "gone AS (DELETE FROM deliveries d USING old WHERE d.id = old.id RETURNING 1) SELECT count(*) FROM gone"};

// The books of webhooks that are gone and have nothing left to send. REQUIRES: the transaction holds kLockCounter, so
// that no commit adds a message meanwhile.
inline constexpr Query kPruneQueues = {
    "store.prune_queues",
    "WITH gone AS (DELETE FROM webhook_queues q WHERE NOT EXISTS (SELECT FROM deliveries d WHERE d.webhook_uid = "
    "q.webhook_uid)"
    "  AND NOT EXISTS (SELECT FROM objects o WHERE o.resource = 'webhooks.patchbay.dev' AND o.uid = q.webhook_uid)"
    "  RETURNING 1) SELECT count(*) FROM gone"};

// Of Events, at most $2, the oldest first: those that nothing was added to for $1 seconds, and those beyond the newest
// $3.
inline constexpr Query kExpiredEvents = {
    "store.expired_events",
    "SELECT o.ns, o.name, o.uid, o.revision, o.generation, c.body FROM objects o JOIN changes c USING (revision)"
    "  WHERE o.resource = 'events' AND (o.updated_at < now() - $1 * interval '1 second'"
    "    OR o.updated_at <= (SELECT e.updated_at FROM objects e WHERE e.resource = 'events'"
    "      ORDER BY e.updated_at DESC OFFSET $3 LIMIT 1)) ORDER BY o.updated_at LIMIT $2"};

inline constexpr std::array kPrepared = {kCommitBatch,     kReadChanges,    kReadPosition,    kInstallationId,
                                         kClaimDeliveries, kSettleDelivery, kCountDeliveries, kPruneChanges,
                                         kPruneDeliveries, kPruneQueues,    kExpiredEvents,   kLockCounter};

}  // namespace patchbay::store
