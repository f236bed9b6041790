#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/import_container.h"
#include "object/object.h"
#include "object/yaml.h"

namespace patchbay::cli {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr const char* kId = "1d99f1e2e36b01cba627369ec802ec7fd660885d2191aa2c947c0fa0f65b65f2";

Json Image() {
  return *ParseJson(R"({"RepoTags":["shop:1.4"],"Config":{"Entrypoint":["/app"],"Cmd":["serve"],"WorkingDir":"/",
    "Env":["PATH=/bin","LEVEL=info"],"ExposedPorts":{"8080/tcp":{}},"Labels":{"vendor":"us"}}})");
}

// What a `docker run IMAGE` with nothing else is.
Json Plain() {
  return *ParseJson(R"({"Id":"1d99f1e2e36b01cba627369ec802ec7fd660885d2191aa2c947c0fa0f65b65f2","Name":"/web",
    "State":{"Status":"running"},"Image":"sha256:5f","Config":{"Image":"shop:1.4","Hostname":"1d99f1e2e36b","Domainname":"",
    "Entrypoint":["/app"],"Cmd":["serve"],"WorkingDir":"/","Env":["PATH=/bin","LEVEL=info"],"User":"","Tty":false,
    "ExposedPorts":{"8080/tcp":{}},"Labels":{"vendor":"us"}},
    "HostConfig":{"NetworkMode":"default","RestartPolicy":{"Name":"always","MaximumRetryCount":0},"Memory":0,"PidsLimit":null,
    "ShmSize":67108864,"LogConfig":{"Type":"json-file","Config":{}},"IpcMode":"private","Runtime":"runc","PidMode":"","Dns":[]},
    "Mounts":[],"NetworkSettings":{"Networks":{"bridge":{"Aliases":null,"IPAMConfig":null}}}})");
}

Json Merged(Json document, const char* patch) {
  document.merge_patch(*ParseJson(patch));
  return document;
}

Imported Import(const Json& container, const Json& image = Image()) {
  std::set<std::string> taken;
  return ImportContainer(container, image, "", taken);
}

TEST(ImportContainer, OfAnImageWithNothingElseSaysTheImageAlone) {
  const Imported imported = Import(Plain());
  EXPECT_EQ(DumpYaml(imported.object), R"(apiVersion: patchbay.dev/v1
kind: Plugin
metadata:
  name: web
  annotations:
    patchbay.dev/adopt: "1d99f1e2e36b01cba627369ec802ec7fd660885d2191aa2c947c0fa0f65b65f2"
spec:
  image: shop:1.4
  ports:
  - containerPort: 8080
  securityContext:
    allowPrivilegeEscalation: true
    capabilities:
      add:
      - AUDIT_WRITE
      - MKNOD
      - NET_RAW
)");
  EXPECT_THAT(imported.notes, IsEmpty());
  EXPECT_TRUE(imported.secret.is_null());
}

TEST(ImportContainer, CarriesWhatAPluginCanSay) {
  const Imported imported = Import(Merged(Plain(), R"({"Name":"/My_web","Config":{"Cmd":["serve","-v"],"User":"1000:50",
    "Env":["PATH=/bin","LEVEL=debug"],"Labels":{"vendor":"us","team":"shop","com.docker.compose.project":"p"},"StopTimeout":25,
    "Healthcheck":{"Test":["CMD-SHELL","curl -f localhost"],"Interval":5000000000,"Timeout":1500000000,"Retries":4}},
    "HostConfig":{"Memory":67108864,"CpuQuota":50000,"CpuPeriod":100000,"MemoryReservation":1024,"CpuShares":512,
    "MemorySwap":134217728,"NetworkMode":"backend","ReadonlyRootfs":true,"CapDrop":["CAP_ALL"],"CapAdd":["NET_ADMIN"],
    "SecurityOpt":["no-new-privileges"],"RestartPolicy":{"Name":"on-failure"},
    "PortBindings":{"8080/tcp":[{"HostIp":"127.0.0.1","HostPort":"80"}]}},
    "Mounts":[{"Type":"volume","Name":"data","Destination":"/data","RW":true,"Driver":"local"},
              {"Type":"bind","Source":"/srv","Destination":"/srv","RW":false,"Propagation":"rprivate"}],
    "NetworkSettings":{"Networks":{"bridge":null,"backend":{"Aliases":["db","1d99f1e2e36b"]}}}})"));
  EXPECT_EQ(DumpYaml(*Find(imported.object, {"spec"})), R"(image: shop:1.4
args:
- serve
- "-v"
env:
- name: LEVEL
  value: debug
ports:
- containerPort: 8080
  hostPort: 80
  hostIP: "127.0.0.1"
readinessProbe:
  exec:
    command:
    - /bin/sh
    - "-c"
    - curl -f localhost
  periodSeconds: 5
  timeoutSeconds: 2
  failureThreshold: 4
securityContext:
  runAsUser: 1000
  runAsGroup: 50
  readOnlyRootFilesystem: true
  capabilities:
    add:
    - NET_ADMIN
    drop:
    - ALL
labels:
  team: shop
terminationGracePeriodSeconds: 25
volumes:
- mountPath: /data
  volume: data
- mountPath: /srv
  readOnly: true
  hostPath: /srv
resources:
  limits:
    memory: 64Mi
    cpu: 500m
  requests:
    memory: 1Ki
    cpu: 500m
network: backend
restartPolicy: OnFailure
)");
  EXPECT_EQ(NameOf(imported.object), "my-web");
  EXPECT_THAT(imported.notes, ElementsAre(HasSubstr("made of the container My_web"), HasSubstr("hostPort 80"),
                                          HasSubstr("others know it as My_web, db")));
}

TEST(ImportContainer, NamesWhatItCannotCarry) {
  const Imported imported =
      Import(Merged(Plain(), R"({"Config":{"Hostname":"shop","User":"app","Tty":true,"StopSignal":"SIGQUIT"},
    "HostConfig":{"Devices":[{"PathOnHost":"/dev/fuse"}],"PidsLimit":100,"ShmSize":1,"AutoRemove":true,"Privileged":true,
    "NetworkMode":"container:abc","LogConfig":{"Type":"journald"},"SecurityOpt":["apparmor=x"],"Tmpfs":{"/tmp":"size=1m"},
    "RestartPolicy":{"Name":"no"},"ExtraHosts":["a:1.2.3.4"],"PortBindings":{"8080/tcp":[{"HostPort":""}]}},
    "Mounts":[{"Type":"volume","Name":"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef","Destination":"/v"}]})"));
  for (const char* what :
       {"hostname shop", "user app", "a terminal", "SIGQUIT", "Devices", "PidsLimit", "ShmSize", "--rm",
        "container:abc", "journald", "apparmor=x", "size=1m", "Never", "ExtraHosts", "by chance", "unnamed volume"})
    EXPECT_THAT(imported.notes, Contains(HasSubstr(what)));
  EXPECT_EQ(imported.object["spec"]["restartPolicy"], "Never");
  EXPECT_FALSE(imported.object["spec"]["ports"][0].contains("hostPort"));
  EXPECT_EQ(imported.object["spec"]["volumes"][0]["volume"].get<std::string>().size(), 64u);
}

TEST(ImportContainer, PutsWhatLooksSecretIntoASecretAndSaysSo) {
  const Imported imported = Import(Merged(Plain(), R"({"Config":{"Env":["PATH=/bin","LEVEL=info","DB_PASSWORD=hush",
    "DATABASE_URL=postgres://u:p@db/x","TOKEN_FILE=/run/token","A=b"]}})"));
  EXPECT_EQ(DumpYaml(imported.secret), R"(apiVersion: v1
kind: Secret
metadata:
  name: web-env
stringData:
  DB_PASSWORD: hush
  DATABASE_URL: postgres://u:p@db/x
)");
  EXPECT_EQ(DumpYaml(imported.object["spec"]["env"]), R"(- name: DB_PASSWORD
  valueFrom:
    secretKeyRef:
      name: web-env
      key: DB_PASSWORD
- name: DATABASE_URL
  valueFrom:
    secretKeyRef:
      name: web-env
      key: DATABASE_URL
- name: TOKEN_FILE
  value: /run/token
- name: A
  value: b
)");
  EXPECT_THAT(imported.notes, ElementsAre(HasSubstr("DB_PASSWORD"), HasSubstr("DATABASE_URL")));
}

TEST(ImportContainer, TakesAnEntrypointWithItsArguments) {
  const Imported own = Import(Merged(Plain(), R"({"Config":{"Entrypoint":["/other"],"Cmd":null}})"));
  EXPECT_EQ(own.object["spec"]["command"], Json({"/other"}));
  EXPECT_FALSE(own.object["spec"].contains("args"));
  const Imported none = Import(Merged(Plain(), R"({"Config":{"Entrypoint":[],"Cmd":["/bin/run","it"]}})"));
  EXPECT_EQ(none.object["spec"]["command"], Json({"/bin/run", "it"}));
}

TEST(ImportContainer, OfAnIdOrAnImageWithAnotherNameNowSaysSo) {
  EXPECT_THAT(Import(Merged(Plain(), R"({"Config":{"Image":"5f0123456789"}})")).object["spec"]["image"], "sha256:5f");
  EXPECT_THAT(Import(Plain(), Merged(Image(), R"({"RepoTags":["shop:1.3"]})")).notes,
              ElementsAre(HasSubstr("names another image")));
}

TEST(ImportContainer, ThatIsStoppedIsNotAdopted) {
  const Imported imported = Import(Merged(Plain(), R"({"State":{"Status":"exited"}})"));
  EXPECT_FALSE(imported.object["metadata"].contains("annotations"));
  EXPECT_THAT(imported.notes, ElementsAre(HasSubstr("does not run")));
}

TEST(ImportName, IsOneThatTheApiTakes) {
  std::set<std::string> taken;
  EXPECT_EQ(MakeName("shop", taken), "shop");
  EXPECT_EQ(MakeName("Shop", taken), "shop-2");
  EXPECT_EQ(MakeName("_a..b_", taken), "a-b");
  EXPECT_EQ(MakeName("___", taken), "imported");
  EXPECT_EQ(MakeName(std::string(80, 'x'), taken).size(), 50u);
}

}  // namespace
}  // namespace patchbay::cli
