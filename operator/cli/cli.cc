#include "cli/cli.h"

#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <iostream>

#include "base/clock.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/completion.h"
#include "cli/connection.h"

namespace patchbay::cli {
namespace {

std::string Env(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? "" : value;
}

std::chrono::milliseconds Milliseconds(const std::string& text) {
  const auto duration = ParseDuration(text);
  if (!duration) throw CLI::ValidationError("--timeout", StrCat("\"", text, "\" is no duration; write 30s or 5m"));
  return *duration;
}

// Builds the command tree; each subcommand leaves its work in `chosen_`.
class CommandLine {
 public:
  explicit CommandLine(const Programs& programs) : programs_(programs) {
    app_.description("Patchbay keeps plugins (containers) running and wired.\n"
                     "`patchbay dev` runs everything on this machine; the other commands talk to a running operator.");
    app_.require_subcommand(1);
    app_.fallthrough();
    app_.set_version_flag("--version", programs.version);
    app_.add_option("-s,--server", connection_.server, "API server: http(s)://HOST:PORT or unix:/PATH (env PATCHBAY_SERVER)");
    app_.add_option("--kubeconfig", connection_.kubeconfig, "kubeconfig to find the server in (env KUBECONFIG)");
    app_.add_option("--context", connection_.context, "context of the kubeconfig");
    app_.add_option("--token", connection_.token, "bearer token (env PATCHBAY_TOKEN)");
    app_.add_option("-n,--namespace", connection_.ns, "namespace; default: the kubeconfig's, else default");
    AddPrograms();
    AddFileCommands();
    AddReading();
    AddChanging();
    AddImport();
    AddDatabase();
    AddOther();
  }

  int Run(int argc, char** argv) {
    try {
      app_.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
      const int code = app_.exit(error, std::cout, std::cerr);
      return code == 0 ? 0 : 2;
    }
    if (local_) return local_();
    auto connection = FindConnection(connection_, Env);
    if (!connection.ok()) return Fail(connection.error(), failed_);
    ApiClient api(std::move(*connection), http::NewCurlClient());
    Session session{api, connection_};
    return remote_(session);
  }

 private:
  CLI::App* Add(const std::string& name, const std::string& description, CLI::App* parent = nullptr) {
    CLI::App* command = (parent == nullptr ? &app_ : parent)->add_subcommand(name, description);
    command->fallthrough();
    return command;
  }
  void OnServer(CLI::App* command, std::function<int(Session&)> work) {
    command->callback([this, work = std::move(work)] { remote_ = work; });
  }
  // Whose exit code 1 says that there is something: 2 says that it failed.
  void Comparing(CLI::App* command, std::function<int(Session&)> work) {
    command->callback([this, work = std::move(work)] {
      remote_ = work;
      failed_ = 2;
    });
  }
  void Locally(CLI::App* command, std::function<int()> work) {
    command->callback([this, work = std::move(work)] { local_ = work; });
  }
  void AddFiles(CLI::App* command, bool required) {
    auto* option = command->add_option("-f,--filename", file_.files, "file, folder or - for standard input; may be given again");
    if (required) option->required();
    command->add_flag("-R,--recursive", file_.recursive, "folders inside folders too");
  }
  void AddWriting(CLI::App* command) {
    AddFiles(command, true);
    command->add_option("--dry-run", file_.dry_run, "server: say what would happen, store nothing")
        ->check(CLI::IsMember({"none", "client", "server"}));
    command->add_option("--validate", file_.validate, "what an unknown field is: strict (an error), warn, ignore")
        ->check(CLI::IsMember({"strict", "warn", "ignore", "true", "false"}));
  }
  void AddOutput(CLI::App* command) {
    command->add_option("-o,--output", output_.format, "wide, yaml, json, name or jsonpath=TEMPLATE");
  }
  void AddSelector(CLI::App* command) { command->add_option("-l,--selector", output_.selector, "label selector, as a=b,c in (d,e)"); }
  void AddAll(CLI::App* command) { command->add_flag("-A,--all-namespaces", connection_.all_namespaces, "in every namespace"); }
  void AddWords(CLI::App* command, const std::string& what) {
    command->add_option(what, words_, "KIND, KIND NAME... or KIND/NAME...");
  }

  void AddPrograms() {
    CLI::App* serve = Add("operator", "Run the operator: API server and control loop");
    serve->add_option("--listen", operator_.listen, "address of the API: HOST:PORT or unix:/PATH; may be given again")->capture_default_str();
    serve->add_option("--database-url", operator_.database_url, "libpq URL or conninfo; default: DATABASE_URL, else DB_HOST, DB_PORT, DB_NAME, DB_USER, DB_PASS, DB_SSL");
    serve->add_option("--encryption-key-file", operator_.encryption_key_file, "keys for Secrets in the database, a line each: ID:BASE64; the first encrypts, all decrypt")->envname("PATCHBAY_ENCRYPTION_KEY_FILE");
    serve->add_option("--event-ttl", operator_.event_ttl, "how long Events are kept after the last thing they tell, as 1h or 30m")->capture_default_str();
    serve->add_option("--image-gc-after", operator_.image_gc_after, "remove images that were pulled for plugins and that nothing needs (no container, plugin or revision) for so long, as 168h; 0: never")->capture_default_str();
    serve->add_option("--docker-host", operator_.docker_host, "engine: unix:///PATH or tcp://HOST:PORT; default: DOCKER_HOST, else the usual sockets");
    serve->add_option("--gateway", operator_.gateways, "caddy=URL of Caddy's admin API, kong=URL of Kong's (http://HOST:PORT or unix:/PATH), or none; given twice, both get every route")->envname("PATCHBAY_GATEWAY");
    serve->add_option("--gateway-token-file", operator_.gateway_token_file, "file with the token that Kong's Admin API asks for (Kong-Admin-Token)")->envname("PATCHBAY_GATEWAY_TOKEN_FILE");
    serve->add_option("--gateway-listen", operator_.gateway_listen, "addresses Caddy serves routes on; Kong's are in its own settings")->capture_default_str();
    serve->add_option("--caddy-server", operator_.caddy_server, "put routes into this server of Caddy's configuration, which is yours: where it listens, its TLS and its own routes stay. Default: a server of their own")->envname("PATCHBAY_CADDY_SERVER");
    serve->add_option("--gateway-journal", operator_.gateway_journal, "IPv4:PORT (UDP) on which Caddy may tell what containers answer, port 0 for a free one: for Plugins with strategy.analysis. It must reach this address")->envname("PATCHBAY_GATEWAY_JOURNAL");
    serve->add_option("--gateway-dns", operator_.gateway_dns, "IPv4:PORT on which Caddy may ask for a route's containers (DNS, UDP and TCP): then they come and go without a reload. It must reach this address")->envname("PATCHBAY_GATEWAY_DNS");
    serve->add_option("--default-manifests", operator_.default_manifests, "folder applied once, when the database is empty");
    serve->add_option("--token-file", operator_.token_file, "bearer tokens, a line each: TOKEN,USER[,GROUP...]");
    serve->add_option("--tls-cert-file", operator_.tls_certificate, "serve HTTPS with this PEM chain; SIGHUP reads it again");
    serve->add_option("--tls-private-key-file", operator_.tls_key, "its PEM key");
    serve->add_option("--client-ca-file", operator_.tls_client_ca, "demand client certificates signed by this CA");
    serve->add_flag("--insecure", operator_.insecure, "allow an address that is not loopback without tokens or client certificates");
    serve->add_flag("--webhooks-public-only", operator_.webhooks_public_only, "refuse webhook URLs that lead to private addresses");
    serve->add_option("--workers", operator_.workers, "objects worked on at once")->capture_default_str()->check(CLI::Range(1, 256));
    serve->add_option("--prune-budget", operator_.prune_budget, "containers whose objects are gone that are removed at once; when there are more (and more than a fifth of all), none is")->capture_default_str()->check(CLI::Range(0, 1'000'000));
    serve->add_option("--http-threads", operator_.http_threads, "threads of the API server")->capture_default_str()->check(CLI::Range(1, 64));
    serve->add_option("--log-format", operator_.log_format, "text or json")->check(CLI::IsMember({"text", "json"}))->envname("PATCHBAY_LOG_FORMAT");
    serve->add_option("--log-level", operator_.log_level, "debug, info, warn or error")->check(CLI::IsMember({"debug", "info", "warn", "error"}))->envname("PATCHBAY_LOG_LEVEL");
    Locally(serve, [this] { return programs_.run_operator(operator_); });

    CLI::App* dev = Add("dev", "Run everything on this machine: private Postgres, Caddy, the engine that is there, the operator");
    dev->add_option("--data", dev_.data, "folder for everything it keeps; default: PATCHBAY_DATA, else ~/.local/share/patchbay (root: /var/lib/patchbay)");
    dev->add_option("--listen", dev_.listen, "address of the API")->capture_default_str();
    dev->add_option("--gateway-listen", dev_.gateway_listen, "address the gateway serves routes on")->capture_default_str();
    dev->add_option("-f,--filename", dev_.apply, "manifests of the first run: applied once, when the database is empty");
    dev->add_option("--before-apply", dev_.before_apply, "shell command to run before that, with DOCKER_HOST set (builds images, say)");
    dev->add_flag("--purge", dev_.purge, "delete every object with its containers, then the data folder, and end");
    dev->add_option("--docker-host", dev_.docker_host, "engine to use; default: DOCKER_HOST, the usual sockets, else one of our own");
    dev->add_option("--log-level", dev_.log_level, "of operator.log in the data folder")->check(CLI::IsMember({"debug", "info", "warn", "error"}));
    Locally(dev, [this] {
      if (dev_.data.empty()) dev_.data = DefaultDataFolder(Env);
      dev_.detach_table = isatty(STDOUT_FILENO) == 0;
      return programs_.run_dev(dev_);
    });
  }

  void AddFileCommands() {
    CLI::App* apply = Add("apply", "Make the objects be as the manifests say");
    AddWriting(apply);
    AddOutput(apply);
    OnServer(apply, [this](Session& session) { return Apply(session, file_, output_); });
    CLI::App* create = Add("create", "Create the objects of the manifests");
    AddWriting(create);
    AddOutput(create);
    OnServer(create, [this](Session& session) { return Create(session, file_, output_); });
    CLI::App* diff = Add("diff", "Show what apply would change (exit code 0: nothing, 1: something, 2: failed)");
    AddFiles(diff, true);
    Comparing(diff, [this](Session& session) { return Diff(session, file_); });
    CLI::App* plan = Add("plan", "Show the steps that apply would lead to (exit code 0: none, 1: some, 2: failed)");
    AddFiles(plan, true);
    AddOutput(plan);
    plan->add_flag("--delete", file_.erases, "the steps of delete instead of those of apply");
    Comparing(plan, [this](Session& session) { return ShowPlan(session, file_, output_); });
  }

  void AddReading() {
    CLI::App* get = Add("get", "List objects, or show some");
    AddWords(get, "what");
    AddOutput(get);
    AddSelector(get);
    AddAll(get);
    get->add_option("--field-selector", output_.field_selector, "as metadata.name=x");
    get->add_flag("-w,--watch", output_.watch, "go on showing changes");
    get->add_flag("--watch-only", output_.watch_only, "show changes only");
    get->add_flag("--no-headers", output_.no_headers, "rows without the header");
    get->add_flag("--show-labels", output_.show_labels, "labels as the last column");
    get->add_flag("--ignore-not-found", ignore_not_found_, "an absent object is no error");
    OnServer(get, [this](Session& session) { return Get(session, words_, output_, ignore_not_found_); });
    CLI::App* describe = Add("describe", "Show everything about objects, with their events");
    AddWords(describe, "what");
    AddSelector(describe);
    AddAll(describe);
    OnServer(describe, [this](Session& session) { return Describe(session, words_, output_); });
    CLI::App* logs = Add("logs", "Print the log of a plugin's containers");
    logs->add_option("plugin", word_, "PLUGIN or plugin/NAME")->required();
    logs->add_flag("-f,--follow", logs_.follow, "go on as lines come");
    logs->add_flag("-p,--previous", logs_.previous, "of the container before this one");
    logs->add_flag("--timestamps", logs_.timestamps, "with the engine's time before each line");
    logs->add_option("--tail", logs_.tail, "last lines only");
    logs->add_option("--since", logs_.since, "not older than this, as 10m");
    OnServer(logs, [this](Session& session) { return Logs(session, word_, logs_); });
    CLI::App* events = Add("events", "List events");
    events->add_option("--for", word_, "of one object: KIND/NAME");
    AddOutput(events);
    AddAll(events);
    events->add_flag("-w,--watch", output_.watch, "go on showing new ones");
    OnServer(events, [this](Session& session) { return ShowEvents(session, word_, output_); });
  }

  void AddChanging() {
    CLI::App* erase = Add("delete", "Delete objects");
    AddWords(erase, "what");
    AddFiles(erase, false);
    AddSelector(erase);
    AddAll(erase);
    erase->add_flag("--all", delete_.all, "all of the kind in the namespace");
    erase->add_flag("--force", delete_.force, "end even if the engine or the gateway cannot be reached; Events say what was left behind");
    erase->add_flag("--wait,!--no-wait", delete_.wait, "wait until they are gone (default)");
    erase->add_flag("--ignore-not-found", delete_.ignore_not_found, "an absent object is no error");
    erase->add_option("--cascade", delete_.cascade, "background, foreground or orphan")->check(CLI::IsMember({"background", "foreground", "orphan"}));
    erase->add_option("--timeout", timeout_, "how long to wait, as 30s; 0: for ever");
    erase->add_option("--dry-run", file_.dry_run, "server: store nothing")->check(CLI::IsMember({"none", "server"}));
    OnServer(erase, [this](Session& session) {
      delete_.file = file_;
      delete_.selector = output_.selector;
      delete_.timeout = timeout_.empty() ? std::chrono::milliseconds(0) : Milliseconds(timeout_);
      return Delete(session, words_, delete_);
    });
    CLI::App* edit = Add("edit", "Change an object in your editor (KUBE_EDITOR, EDITOR, else vi)");
    AddWords(edit, "what");
    OnServer(edit, [this](Session& session) { return Edit(session, words_); });
    for (const bool enabled : {true, false}) {
      CLI::App* toggle = Add(enabled ? "enable" : "disable", enabled ? "Let objects be in effect again" : "Take objects out of effect and keep them; stays so after any restart");
      AddWords(toggle, "what");
      AddSelector(toggle);
      OnServer(toggle, [this, enabled](Session& session) { return SetEnabled(session, words_, output_.selector, enabled); });
    }
    CLI::App* restart = Add("restart", "Replace a plugin's containers by new ones");
    AddWords(restart, "what");
    AddSelector(restart);
    OnServer(restart, [this](Session& session) { return Restart(session, words_, output_.selector); });
    AddRollout();
    CLI::App* drift = Add("drift", "Show where containers, and routes in the gateway, deviate from what is wished (exit code 0: nothing does, 1: something does, 2: failed)");
    AddWords(drift, "what");
    AddSelector(drift);
    AddAll(drift);
    Comparing(drift, [this](Session& session) { return ShowDrift(session, words_, output_.selector); });
    CLI::App* reconcile = Add("reconcile", "Put right once what deviates, even where spec.reconcile.mode is Warn or Observe");
    AddWords(reconcile, "what");
    AddSelector(reconcile);
    reconcile->add_flag("--now")->description("At once; it is never later");
    OnServer(reconcile, [this](Session& session) { return ReconcileNow(session, words_, output_.selector); });
    CLI::App* scale = Add("scale", "Set how many replicas a plugin has");
    AddWords(scale, "what");
    scale->add_option("--replicas", replicas_, "how many")->required()->check(CLI::Range(0, 1000));
    scale->add_option("--current-replicas", current_replicas_, "only when it has so many now");
    OnServer(scale, [this](Session& session) { return Scale(session, words_, replicas_, current_replicas_); });
    CLI::App* wait = Add("wait", "Wait until objects are in a state");
    AddWords(wait, "what");
    AddSelector(wait);
    AddAll(wait);
    wait->add_option("--for", word_, "condition=NAME[=VALUE], jsonpath='{PATH}'=VALUE, delete or create")->required();
    wait->add_option("--timeout", timeout_, "as 30s");
    OnServer(wait, [this](Session& session) {
      return Wait(session, words_, word_, output_.selector, timeout_.empty() ? std::chrono::seconds(30) : Milliseconds(timeout_));
    });
  }

  void AddRollout() {
    CLI::App* rollout = Add("rollout", "Follow a plugin's rollout, see its revisions, go back to one");
    rollout->require_subcommand(1);
    CLI::App* status = Add("status", "Wait until the rollout is finished and say how it goes (exit code 1: it is stalled)", rollout);
    AddWords(status, "plugin");
    status->add_flag("-w,--watch,!--no-watch", watch_rollout_, "until it is finished (default)");
    status->add_option("--timeout", timeout_, "how long to wait, as 30s; 0: for ever");
    OnServer(status, [this](Session& session) {
      return ShowRollout(session, words_, watch_rollout_, timeout_.empty() ? std::chrono::milliseconds(0) : Milliseconds(timeout_));
    });
    CLI::App* history = Add("history", "List the revisions that are kept (spec.revisionHistoryLimit)", rollout);
    AddWords(history, "plugin");
    history->add_option("--revision", revision_, "show what this one asked for")->check(CLI::PositiveNumber);
    AddOutput(history);
    OnServer(history, [this](Session& session) { return ShowHistory(session, words_, revision_, output_); });
    CLI::App* undo = Add("undo", "Go back to an earlier revision; replicas, enabled and strategy stay as they are", rollout);
    AddWords(undo, "plugin");
    undo->add_option("--to-revision", revision_, "which; default: the one before the present one")->check(CLI::NonNegativeNumber);
    undo->add_option("--dry-run", file_.dry_run, "server: store nothing")->check(CLI::IsMember({"none", "server"}));
    OnServer(undo, [this](Session& session) { return Undo(session, words_, revision_, file_.dry_run); });
    CLI::App* promote = Add("promote", "Lead a Canary past the step at which it stands", rollout);
    AddWords(promote, "plugin");
    promote->add_flag("--full", promote_fully_, "past all steps");
    OnServer(promote, [this](Session& session) { return Promote(session, words_, promote_fully_); });
    CLI::App* abort = Add("abort", "Go back to the revision that was ready last", rollout);
    AddWords(abort, "plugin");
    OnServer(abort, [this](Session& session) { return Abort(session, words_); });
    for (const bool paused : {true, false}) {
      CLI::App* toggle = Add(paused ? "pause" : "resume", paused ? "Do nothing for a plugin until it is resumed (spec.reconcile.paused)" : "Go on with a paused plugin", rollout);
      AddWords(toggle, "plugin");
      OnServer(toggle, [this, paused](Session& session) { return SetPaused(session, words_, paused); });
    }
    CLI::App* restart = Add("restart", "Replace a plugin's containers by new ones", rollout);
    AddWords(restart, "plugin");
    AddSelector(restart);
    OnServer(restart, [this](Session& session) { return Restart(session, words_, output_.selector); });
  }

  void AddImport() {
    CLI::App* import = Add("import", "Write manifests from what runs already, so that applying them changes and restarts nothing");
    import->require_subcommand(1);
    import->add_option("-o,--output", import_.output, "folder for a file each; -: all on standard output (default)");
    import->add_option("--docker-host", import_.docker_host, "engine: unix:///PATH or tcp://HOST:PORT; default: DOCKER_HOST, else the usual socket");
    CLI::App* containers = Add("containers", "Plugins from running containers that Patchbay did not make", import);
    containers->add_option("name", words_, "names or ids");
    containers->add_flag("--all", import_.all, "all that run");
    Import(containers, [this] { return ImportContainers(words_, import_); });
    ImportCompose(import);
    CLI::App* caddy = Add("caddy", "Routes from what a Caddy serves", import);
    caddy->add_option("--gateway", import_.gateway, "its admin API; default: http://localhost:2019");
    NoAdopt(caddy);
    Import(caddy, [this] { return ImportFromCaddy(import_); });
    CLI::App* kong = Add("kong", "Routes from what a Kong serves", import);
    kong->add_option("--gateway", import_.gateway, "its Admin API; default: http://localhost:8001");
    NoAdopt(kong);
    Import(kong, [this] { return ImportFromKong(import_); });
  }
  void NoAdopt(CLI::App* command) {
    command->add_flag("--no-adopt", import_.no_adopt, "Routes that stand beside the gateway's entries instead of taking them over");
  }
  void ImportCompose(CLI::App* import) {
    CLI::App* compose = Add("compose", "Plugins from the services of a Compose file", import);
    compose->add_option("-f,--file", import_.file, "the file; default: compose.yaml, docker-compose.yml and the like in this folder");
    compose->add_option("-p,--project-name", import_.project, "name of the project; default: as Compose finds it");
    Import(compose, [this] { return ImportComposeFile(import_); });
  }
  void Import(CLI::App* command, std::function<int()> work) {
    Locally(command, [this, work = std::move(work)] {
      import_.ns = connection_.ns;
      return work();
    });
  }

  void AddDatabase() {
    CLI::App* db = Add("db", "Care for the database");
    db->require_subcommand(1);
    db->add_option("--database-url", database_.url, "libpq URL or conninfo; default: DATABASE_URL, else DB_*");
    Locally(Add("migrate", "Bring the schema up to this program's version", db), [this] { return MigrateDatabase(database_); });
    Locally(Add("status", "Show the schema's version, sizes and counts", db), [this] { return ShowDatabase(database_); });
    Locally(Add("cleanup", "Remove what is no longer needed: old changes, expired events, settled deliveries", db), [this] { return CleanDatabase(database_); });
    CLI::App* reset = Add("reset", "Delete everything Patchbay has stored", db);
    reset->add_flag("--yes", database_.yes, "do not ask");
    Locally(reset, [this] { return ResetDatabase(database_); });
    for (CLI::App* keyed : {Add("encrypt", "Write all Secrets anew under the first key of the key file", db), Add("verify", "Check that what is stored is whole: checksums, change log against objects", db)})
      keyed->add_option("--encryption-key-file", database_.encryption_key_file, "keys for Secrets, as `patchbay operator` has it")->envname("PATCHBAY_ENCRYPTION_KEY_FILE");
    Locally(db->get_subcommand("encrypt"), [this] { return EncryptDatabase(database_); });
    Locally(db->get_subcommand("verify"), [this] { return VerifyDatabase(database_); });
  }

  void AddOther() {
    CLI::App* kinds = Add("api-resources", "List the kinds there are");
    kinds->add_flag("--no-headers", output_.no_headers, "rows without the header");
    Locally(kinds, [this] { return ShowKinds(output_); });
    CLI::App* version = Add("version", "Show the version of this program and of the server");
    version->add_flag("--client", client_only_, "of this program only");
    AddOutput(version);
    OnServer(version, [this](Session& session) { return ShowVersion(session, programs_.version, client_only_, output_); });
    CLI::App* completion = Add("completion", "Print a completion script for bash, zsh or fish");
    completion->add_option("shell", word_, "bash, zsh or fish")->required()->check(CLI::IsMember({"bash", "zsh", "fish"}));
    Locally(completion, [this] {
      std::cout << CompletionScript(word_, Commands());
      return 0;
    });
  }

  std::vector<CommandWords> Commands() const {
    std::vector<CommandWords> commands;
    for (const CLI::App* command : app_.get_subcommands([](const CLI::App*) { return true; })) {
      CommandWords words{command->get_name(), command->get_description(), {}, {}};
      for (const CLI::Option* option : command->get_options())
        for (const auto& name : option->get_lnames()) words.flags.push_back("--" + name);
      for (const CLI::App* inner : command->get_subcommands([](const CLI::App*) { return true; }))
        words.subcommands.push_back(inner->get_name());
      commands.push_back(std::move(words));
    }
    return commands;
  }

  const Programs& programs_;
  CLI::App app_{"", "patchbay"};
  ConnectionFlags connection_;
  OutputFlags output_;
  OperatorFlags operator_;
  DevFlags dev_;
  FileFlags file_;
  LogFlags logs_;
  DeleteFlags delete_;
  DatabaseFlags database_;
  ImportFlags import_;
  std::vector<std::string> words_;
  std::string word_;
  std::string timeout_;
  int replicas_ = 1;
  int current_replicas_ = -1;
  long revision_ = 0;
  bool watch_rollout_ = true;
  bool promote_fully_ = false;
  bool ignore_not_found_ = false;
  bool client_only_ = false;
  std::function<int()> local_;
  std::function<int(Session&)> remote_;
  int failed_ = 1;
};

}  // namespace

int Fail(const Error& error, int exit_code) {
  std::cerr << "error: " << error.message << "\n";
  for (const Cause& cause : error.causes)
    std::cerr << "  " << cause.field << (cause.field.empty() ? "" : ": ") << cause.message << "\n";
  return exit_code;
}

void ShowWarnings(const std::vector<std::string>& warnings) {
  for (const std::string& warning : warnings) std::cerr << "Warning: " << warning << "\n";
}

int Run(int argc, char** argv, const Programs& programs) { return CommandLine(programs).Run(argc, argv); }

}  // namespace patchbay::cli
