// The commands. Each prints what it did and returns the exit code; errors go to stderr through Fail().
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "cli/api_client.h"
#include "cli/flags.h"

namespace patchbay::cli {

struct FileFlags {
  std::vector<std::string> files;  // -f
  bool recursive = false;          // -R
  std::string dry_run = "none";    // none, client, server
  std::string validate = "strict"; // strict, warn, ignore
  bool erases = false;             // of a plan: what delete would do
};

struct LogFlags {
  bool follow = false;
  bool previous = false;
  bool timestamps = false;
  int tail = -1;
  std::string since;  // "10m"
};

struct DeleteFlags {
  FileFlags file;
  std::string selector;
  bool all = false;
  bool force = false;              // the deletion ends whether or not the outer world can be reached
  bool wait = true;
  bool ignore_not_found = false;
  std::string cascade = "background";
  std::chrono::milliseconds timeout{0};  // 0: none
};

// What every command needs.
struct Session {
  ApiClient& api;
  const ConnectionFlags& flags;
  const std::string& ns() const { return api.connection().ns; }
  // "" for -A.
  std::string scope() const { return flags.all_namespaces ? "" : ns(); }
};

// "error: ..." on stderr with every cause on a line of its own; returns `exit_code`.
int Fail(const Error& error, int exit_code = 1);
// "Warning: ..." on stderr, a line for each: what the server said beside its answer.
void ShowWarnings(const std::vector<std::string>& warnings);

int Apply(Session& session, const FileFlags& flags, const OutputFlags& output);
int Create(Session& session, const FileFlags& flags, const OutputFlags& output);
int Diff(Session& session, const FileFlags& flags);
int ShowPlan(Session& session, const FileFlags& flags, const OutputFlags& output);
int Get(Session& session, const std::vector<std::string>& words, const OutputFlags& output, bool ignore_not_found);
int Describe(Session& session, const std::vector<std::string>& words, const OutputFlags& output);
int Delete(Session& session, const std::vector<std::string>& words, const DeleteFlags& flags);
int Logs(Session& session, const std::string& word, const LogFlags& flags);
int ShowEvents(Session& session, const std::string& about, const OutputFlags& output);
int Edit(Session& session, const std::vector<std::string>& words);
int SetEnabled(Session& session, const std::vector<std::string>& words, const std::string& selector, bool enabled);
int Restart(Session& session, const std::vector<std::string>& words, const std::string& selector);
// 1 when something deviates, as diff does.
int ShowDrift(Session& session, const std::vector<std::string>& words, const std::string& selector);
// Puts right once what deviates, whatever spec.reconcile.mode says.
int ReconcileNow(Session& session, const std::vector<std::string>& words, const std::string& selector);
int SetPaused(Session& session, const std::vector<std::string>& words, bool paused);
// Leads a Canary past its present step, or past all.
int Promote(Session& session, const std::vector<std::string>& words, bool full);
// Back to the revision that was ready last.
int Abort(Session& session, const std::vector<std::string>& words);
// Until the rollout ended (`watch`) or once: says what is waited for. 1 when it is stalled.
int ShowRollout(Session& session, const std::vector<std::string>& words, bool watch, std::chrono::milliseconds timeout);
int ShowHistory(Session& session, const std::vector<std::string>& words, long number, const OutputFlags& output);
// Back to revision `number`; 0: to the one before the present one.
int Undo(Session& session, const std::vector<std::string>& words, long number, const std::string& dry_run);
int Scale(Session& session, const std::vector<std::string>& words, int replicas, int current_replicas);
int Wait(Session& session, const std::vector<std::string>& words, const std::string& condition, const std::string& selector,
         std::chrono::milliseconds timeout);
int ShowKinds(const OutputFlags& output);
int ShowVersion(Session& session, const std::string& client_version, bool client_only, const OutputFlags& output);

struct ImportFlags {
  std::string docker_host;  // "": DOCKER_HOST, else the usual socket
  std::string ns;           // "": none is written
  std::string output;       // "" or "-": stdout; else a folder
  bool all = false;
  std::string file;         // Compose's; "": the usual names in this folder
  std::string project;      // "": as Compose finds it
  std::string gateway;      // URL of its admin API; "": the usual one of this machine
  bool no_adopt = false;  // Routes stand beside what they were made of
};
// Routes from the live configuration of a gateway.
int ImportFromCaddy(const ImportFlags& flags);
int ImportFromKong(const ImportFlags& flags);
// Manifests from a Compose file; what runs of its project is adopted.
int ImportComposeFile(const ImportFlags& flags);
// Manifests from running containers, each with the annotation that adopts it. Talks to the engine, to no server.
int ImportContainers(const std::vector<std::string>& names, const ImportFlags& flags);

struct DatabaseFlags {
  std::string url;  // "" : DATABASE_URL or DB_*
  bool yes = false;
  std::string encryption_key_file;
};
int MigrateDatabase(const DatabaseFlags& flags);
int ShowDatabase(const DatabaseFlags& flags);
int CleanDatabase(const DatabaseFlags& flags);
int ResetDatabase(const DatabaseFlags& flags);
int EncryptDatabase(const DatabaseFlags& flags);
int VerifyDatabase(const DatabaseFlags& flags);

}  // namespace patchbay::cli
