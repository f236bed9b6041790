#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "cli/import_compose.h"
#include "object/object.h"
#include "object/yaml.h"

namespace patchbay::cli {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

std::string Expand(const std::string& text) {
  std::set<std::string> missing;
  const auto out = Interpolate(text, {{"A", "1"}, {"EMPTY", ""}}, missing);
  return out.ok() ? *out + (missing.empty() ? "" : " missing " + *missing.begin()) : "error: " + out.error().message;
}

TEST(ComposeVariables, AreExpandedAsComposeDoes) {
  EXPECT_EQ(Expand("x$A-${A}y"), "x1-1y");
  EXPECT_EQ(Expand("${NO:-d}${EMPTY:-e}${EMPTY-f}${A:-g}"), "de1");
  EXPECT_EQ(Expand("${NO:-${A}}"), "1");
  EXPECT_EQ(Expand("${A:+yes}${NO:+no}"), "yes");
  EXPECT_EQ(Expand("cost $$5"), "cost $5");
  EXPECT_EQ(Expand("${NO}"), " missing NO");
  EXPECT_THAT(Expand("${NO:?tell me}"), HasSubstr("NO is not set: tell me"));
  EXPECT_THAT(Expand("${A"), HasSubstr("without its }"));
  EXPECT_THAT(Expand("$-"), HasSubstr("write $$"));
}

TEST(ComposeVariables, AreReadFromAFile) {
  EXPECT_THAT(ParseDotEnv("# c\nA=1\nexport B = two words # c\nC='a # b'\nD=\"x\\ny\"\n\nE\n"),
              ElementsAre(Pair("A", "1"), Pair("B", "two words"), Pair("C", "a # b"), Pair("D", "x\ny")));
}

TEST(ComposeWords, ArePartedAsAShellDoes) {
  EXPECT_THAT(Words("run --name 'a b' \"c\\\"d\" e\\ f ''"), ElementsAre("run", "--name", "a b", "c\"d", "e f", ""));
  EXPECT_THAT(Words(Json({"a b", 3})), ElementsAre("a b", "3"));
}

TEST(ComposeSizes, ArePowersOf1024) {
  EXPECT_EQ(ParseBytes("512m"), 512 << 20);
  EXPECT_EQ(ParseBytes("1gb"), 1 << 30);
  EXPECT_EQ(ParseBytes("2K"), 2048);
  EXPECT_EQ(ParseBytes(77), 77);
  EXPECT_EQ(ParseBytes("much"), std::nullopt);
}

class ComposeFile : public testing::Test {
 protected:
  std::vector<Imported> Import(const char* yaml) {
    project_.name = "shop";
    project_.folder = "/srv/shop";
    project_.file = ParseYaml(yaml, "compose.yaml")->front().value;
    const auto imported = ImportCompose(project_, "", skipped_);
    EXPECT_TRUE(imported.ok()) << imported.error().message;
    return imported.ok() ? *imported : std::vector<Imported>();
  }

  ComposeProject project_;
  std::vector<std::string> skipped_;
};

TEST_F(ComposeFile, BecomesAPluginForEachService) {
  project_.running["web"] = {{"id1", "shop/web:2", 1}, {"id2", "shop/web:2", 2}};
  const auto imported = Import(R"(
services:
  web:
    image: shop/web:2
    command: serve --port 8080
    environment: {LEVEL: info, TOKEN: hush, COUNT: 3}
    ports: ["127.0.0.1:80:8080", "9000/udp"]
    expose: ["8080", 7000]
    volumes: ["data:/data", "./conf:/conf:ro", {type: tmpfs, target: /tmp}]
    secrets: [key]
    healthcheck: {test: "curl -f localhost", interval: 5s, retries: 4}
    depends_on: {db: {condition: service_healthy}}
    deploy: {replicas: 2, resources: {limits: {cpus: "0.5", memory: 64M}}}
    labels: ["team=shop"]
    restart: unless-stopped
    stop_grace_period: 1m
    x-mine: {a: b}
  db:
    image: postgres:15
    restart: always
secrets: {key: {file: ./key.pem}}
)");
  ASSERT_EQ(imported.size(), 2u);
  EXPECT_EQ(DumpYaml(imported[0].object), R"(apiVersion: patchbay.dev/v1
kind: Plugin
metadata:
  name: web
  annotations:
    patchbay.dev/adopt: id1,id2
spec:
  image: shop/web:2
  args:
  - serve
  - "--port"
  - "8080"
  env:
  - name: LEVEL
    value: info
  - name: TOKEN
    valueFrom:
      secretKeyRef:
        name: web-env
        key: TOKEN
  - name: COUNT
    value: "3"
  ports:
  - containerPort: 8080
    hostPort: 80
    hostIP: "127.0.0.1"
  - containerPort: 9000
    protocol: UDP
  - containerPort: 7000
  volumes:
  - mountPath: /data
    volume: shop_data
  - mountPath: /conf
    hostPath: /srv/shop/conf
    readOnly: true
  - mountPath: /tmp
    tmpfs: {}
  - mountPath: /run/secrets/key
    hostPath: /srv/shop/key.pem
    readOnly: true
  readinessProbe:
    exec:
      command:
      - /bin/sh
      - "-c"
      - curl -f localhost
    periodSeconds: 5
    timeoutSeconds: 30
    failureThreshold: 4
  dependsOn:
  - db
  resources:
    limits:
      memory: 64Mi
      cpu: 500m
  securityContext:
    allowPrivilegeEscalation: true
    capabilities:
      add:
      - AUDIT_WRITE
      - MKNOD
      - NET_RAW
  labels:
    team: shop
  terminationGracePeriodSeconds: 60
  network: shop_default
  replicas: 2
)");
  EXPECT_THAT(imported[0].notes, ElementsAre(HasSubstr("TOKEN looks secret"), HasSubstr("hostPort 80"),
                                             HasSubstr("others know it as web")));
  EXPECT_FALSE(imported[1].object["metadata"].contains("annotations"));
  EXPECT_THAT(imported[1].notes, ElementsAre(HasSubstr("network shop_default is not carried")));
}

TEST_F(ComposeFile, NamesWhatIsNotCarried) {
  const auto imported = Import(R"(
services:
  a_b:
    build: .
    ports: ["8000-8010:80"]
    volumes: [/anonymous, "x:/x:nocopy"]
    configs: [c]
    user: app
    devices: ["/dev/fuse"]
    logging: {driver: journald}
    deploy: {mode: global}
    restart: on-failure:3
    depends_on: [off]
    networks: {front: {aliases: [x]}, back: }
  off: {image: x, profiles: [debug]}
configs: {c: {content: hello}}
volumes: {x: {external: true}}
)");
  ASSERT_EQ(imported.size(), 1u);
  EXPECT_EQ(imported[0].object["spec"]["image"], "shop-a_b");
  EXPECT_EQ(imported[0].object["spec"]["volumes"][0]["volume"], "x");
  EXPECT_EQ(imported[0].object["spec"]["restartPolicy"], "OnFailure");
  for (const char* what : {"the service a_b", "build", "8000-8010", "unnamed volume", "nocopy", "configs c", "user app",
                           "devices", "logging", "deploy.mode", "the limit", "depends_on off", "network shop_front"})
    EXPECT_THAT(imported[0].notes, Contains(HasSubstr(what)));
  EXPECT_THAT(skipped_, ElementsAre(HasSubstr("off has profiles")));
}

TEST_F(ComposeFile, TakesVariablesOfFilesAndOfTheEnvironment) {
  const auto folder = std::filesystem::temp_directory_path() / "patchbay-compose-test";
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "app.env") << "A=file\nB=file\n";
  project_.variables = {{"C", "outside"}};
  const auto imported =
      Import((R"(
services:
  web: {image: x, restart: always, env_file: [)" +
              (folder / "app.env").string() + R"(, {path: none.env, required: false}], environment: [B=own, C, D]}
)")
                 .c_str());
  EXPECT_EQ(DumpJson(imported[0].object["spec"]["env"]),
            R"([{"name":"A","value":"file"},{"name":"B","value":"own"},{"name":"C","value":"outside"}])");
  EXPECT_THAT(imported[0].notes, Contains(HasSubstr("env D has no value")));
  std::filesystem::remove_all(folder);
}

TEST_F(ComposeFile, RunsAsManyAsItRunsNow) {
  project_.running["web"] = {{"id1", "x", 1}, {"id2", "x", 2}};
  const auto more = Import("services: {web: {image: x, restart: always}}");
  EXPECT_EQ(more[0].object["spec"]["replicas"], 2);
  project_.running["web"] = {{"id1", "y", 1}};
  const auto less = Import("services: {web: {image: x, restart: always, scale: 3}}");
  EXPECT_EQ(less[0].object["spec"]["replicas"], 3);
  EXPECT_THAT(less[0].notes, Contains(HasSubstr("1 of 3 replicas run")));
  EXPECT_THAT(less[0].notes, Contains(HasSubstr("runs y, not x: it will be replaced")));
}

}  // namespace
}  // namespace patchbay::cli
