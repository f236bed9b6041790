#include "api/protobuf.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/random.h"
#include "world.h"

namespace patchbay::api {
namespace {

using ::testing::HasSubstr;

// A writer of the wire format, for what the recorded bodies do not show.
std::string Varint(std::uint64_t value) {
  std::string out;
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<char>((value & 0x7f) | 0x80));
  out.push_back(static_cast<char>(value));
  return out;
}
std::string Number(int field, std::uint64_t value) { return Varint(static_cast<unsigned>(field) << 3) + Varint(value); }
std::string Text(int field, const std::string& text) {
  return Varint(static_cast<unsigned>(field) << 3 | 2) + Varint(text.size()) + text;
}
std::string Entry(int field, const std::string& key, const std::string& value) {
  return Text(field, Text(1, key) + Text(2, value));
}
std::string Envelope(const std::string& api_version, const std::string& kind, const std::string& object) {
  return std::string("k8s\0", 4) + Text(1, Text(1, api_version) + Text(2, kind)) + Text(2, object) + Text(3, "") +
         Text(4, "");
}
std::string Secret(const std::string& more = "") {
  const std::string metadata = Text(1, "s") + Text(2, "") + Text(3, "default") + Number(7, 0) + Text(8, "") +
                               Entry(11, "owner", "helm") + Entry(11, "name", "demo") + Entry(12, "a", "") +
                               Text(14, "x.dev/f");
  return Text(1, metadata) + Entry(2, "k", std::string("\xff\x00v", 3)) + Entry(2, "empty", "") + Text(3, "Opaque") +
         more;
}

Json Decode(const std::string& body) {
  Answer<Json> decoded = DecodeProtobuf(body);
  EXPECT_TRUE(decoded.ok()) << (decoded.ok() ? "" : decoded.error().message);
  return decoded.ok() ? *std::move(decoded) : Json();
}
int Refusal(const std::string& body) {
  const Answer<Json> decoded = DecodeProtobuf(body);
  return decoded.ok() ? 0 : decoded.error().status;
}

TEST(Protobuf, SaysWhatTheSameSecretSaysInJson) {
  const Json expected = Json::parse(R"({"apiVersion":"v1","kind":"Secret","metadata":{"name":"s","namespace":"default",
      "labels":{"owner":"helm","name":"demo"},"annotations":{"a":""},"finalizers":["x.dev/f"]},
      "data":{"k":"/wB2","empty":""},"type":"Opaque","immutable":true})");
  EXPECT_TRUE(EqualJson(Decode(Envelope("v1", "Secret", Secret(Number(5, 1)))), expected));
}

TEST(Protobuf, ReadsMetadataWhole) {
  const std::string owner = Text(1, "Plugin") + Text(3, "p") + Text(4, "u") + Text(5, "patchbay.dev/v1") + Number(6, 1);
  const std::string managed = Text(1, "kubectl") + Text(2, "Update") + Text(3, "v1") +
                              Text(4, Number(1, 1'700'000'000) + Number(2, 5)) + Text(6, "FieldsV1") +
                              Text(7, Text(1, R"({"f:data":{}})"));
  const Json decoded = Decode(Envelope("v1", "ConfigMap", Text(1, Text(1, "c") + Text(13, owner) + Text(17, managed) +
                                                                     Text(8, Number(1, 1'700'000'000)) +
                                                                     Number(10, 0)) + Entry(2, "k", "v")));
  const Json expected = Json::parse(R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c",
      "ownerReferences":[{"kind":"Plugin","name":"p","uid":"u","apiVersion":"patchbay.dev/v1","controller":true}],
      "managedFields":[{"manager":"kubectl","operation":"Update","apiVersion":"v1","time":"2023-11-14T22:13:20Z",
      "fieldsType":"FieldsV1","fieldsV1":{"f:data":{}}}],"creationTimestamp":"2023-11-14T22:13:20Z",
      "deletionGracePeriodSeconds":0},"data":{"k":"v"}})");
  EXPECT_TRUE(EqualJson(decoded, expected)) << decoded;
}

TEST(Protobuf, ReadsEventsLeasesAndDeleteOptions) {
  const Json event = Decode(Envelope("v1", "Event", Text(2, Text(1, "Plugin") + Text(3, "p")) + Number(8, 3) +
                                                        Text(10, Number(1, 1) + Number(2, 2'000)) + Text(9, "Normal")));
  EXPECT_EQ(event["involvedObject"], Json({{"kind", "Plugin"}, {"name", "p"}}));
  EXPECT_EQ(event["count"], 3);
  EXPECT_EQ(event["eventTime"], "1970-01-01T00:00:01.000002Z");
  const Json newer = Decode(Envelope(
      "events.k8s.io/v1", "Event", Text(2, Number(1, 1)) + Text(8, Text(1, "Plugin")) + Text(10, "n") + Number(15, 2)));
  EXPECT_EQ(newer["eventTime"], "1970-01-01T00:00:01.000000Z");
  EXPECT_EQ(newer["regarding"], Json({{"kind", "Plugin"}}));
  EXPECT_EQ(newer["note"], "n");
  EXPECT_EQ(newer["deprecatedCount"], 2);
  const Json lease = Decode(Envelope("coordination.k8s.io/v1", "Lease", Text(2, Text(1, "") + Number(2, 15))));
  EXPECT_EQ(lease["spec"], Json({{"holderIdentity", ""}, {"leaseDurationSeconds", 15}}));
  const Json options = Decode(Envelope("v1", "DeleteOptions", Number(1, 0) + Text(2, Text(1, "u")) +
                                                                  Text(4, "Background") + Text(5, "All")));
  EXPECT_EQ(options["gracePeriodSeconds"], 0);
  EXPECT_EQ(options["preconditions"], Json({{"uid", "u"}}));
  EXPECT_EQ(options["propagationPolicy"], "Background");
  EXPECT_EQ(options["dryRun"], Json::array({"All"}));
}

TEST(Protobuf, ReadsTheReviewThatKubectlSends) {
  const std::string body = *DecodeBase64(
      "azhzAAoyChdhdXRob3JpemF0aW9uLms4cy5pby92MRIXU2VsZlN1YmplY3RBY2Nlc3NSZXZpZXcSTgoQCgASABoAIgAqADIAOABCABIwCi4KB2Rl"
      "ZmF1bHQSBmNyZWF0ZRoMcGF0Y2hiYXkuZGV2IgAqB3BsdWdpbnMyADoAGggIABIAGgAgABoAIgA=");
  EXPECT_TRUE(EqualJson(Decode(body), Json::parse(R"({"apiVersion":"authorization.k8s.io/v1",
      "kind":"SelfSubjectAccessReview","spec":{"resourceAttributes":{"namespace":"default","verb":"create",
      "group":"patchbay.dev","resource":"plugins"}}})")));
}

TEST(Protobuf, SkipsFieldsItDoesNotKnow) {
  const std::string more = Text(900, "new") + Number(901, 7) + std::string("\xa9\x38\1\2\3\4\5\6\7\x8", 10);
  EXPECT_EQ(Decode(Envelope("v1", "Secret", Secret(more)))["type"], "Opaque");
}

TEST(Protobuf, RefusesWhatIsNoMessage) {
  EXPECT_EQ(Refusal(""), 400);
  EXPECT_EQ(Refusal("k8s"), 400);
  EXPECT_EQ(Refusal(R"({"kind":"Secret"})"), 400);
  EXPECT_EQ(Refusal(Envelope("v1", "Secret", Number(1, 5))), 400) << "a wrong wire type";
  EXPECT_EQ(Refusal(Envelope("v1", "Secret", Varint(1 << 3 | 2) + Varint(1'000'000'000) + "x")), 400) << "a long length";
  EXPECT_EQ(Refusal(Envelope("v1", "Secret", Varint(1 << 3 | 2) + Varint(UINT64_MAX))), 400) << "a negative length";
  EXPECT_EQ(Refusal(Envelope("v1", "Secret", Text(1, Text(1, "\xff")))), 400) << "not UTF-8";
  EXPECT_EQ(Refusal(Envelope("v1", "Secret", Text(1, Text(17, Text(7, Text(1, "{")))))), 400) << "not JSON";
  EXPECT_EQ(Refusal(Envelope("v1", "Secret", Text(1, Text(8, Number(1, 1ULL << 62))))), 400) << "not a time";
  std::string groups;
  for (int i = 0; i < 100'000; ++i) groups += Varint(900 << 3 | 3);
  EXPECT_EQ(Refusal(Envelope("v1", "Secret", groups)), 400) << "nested groups";
  std::string json = std::string(100'000, '[') + std::string(100'000, ']');
  EXPECT_EQ(Refusal(Envelope("v1", "Secret", Text(1, Text(17, Text(7, Text(1, json)))))), 400) << "deep JSON";
  EXPECT_EQ(Refusal(Envelope("v1", "Secret", Text(900, std::string(3 * 1024 * 1024, 'x')))), 413);
  EXPECT_EQ(Refusal(Envelope("v1", "Pod", "")), 415);
  EXPECT_EQ(Refusal(Envelope("patchbay.dev/v1", "Plugin", "")), 415);
}

TEST(Protobuf, RefusesMoreValuesThanJsonMayHave) {
  std::string many;
  for (int i = 0; i < 600'000; ++i) many += Text(14, "");
  EXPECT_EQ(Refusal(Envelope("v1", "Secret", Text(1, many))), 400);
}

TEST(Protobuf, SurvivesEveryTruncationAndMutation) {
  const std::string owner = Text(1, "Plugin") + Text(3, "p") + Number(6, 1);
  const std::string body = Envelope("v1", "Secret", Text(1, Text(13, owner) + Text(8, Number(1, 1'700'000'000)) +
                                                            Text(17, Text(7, Text(1, R"({"f:a":{}})")))) + Secret());
  for (std::size_t size = 0; size < body.size(); ++size) {
    const int status = Refusal(body.substr(0, size));
    EXPECT_TRUE(status == 0 || status == 400 || status == 415) << size << ": " << status;
  }
  Random random(11);
  for (int round = 0; round < 20'000; ++round) {
    std::string broken = body;
    for (std::uint64_t i = random.Next() % 4 + 1; i > 0; --i) {
      broken[random.Next() % broken.size()] = static_cast<char>(random.Next());
    }
    const int status = Refusal(broken);
    EXPECT_TRUE(status == 0 || status == 400 || status == 415) << EncodeHex(broken);
  }
}

TEST(Protobuf, IsABodyOfTheBuiltinKindsOnly) {
  World world;
  const HeaderList proto = {{"Content-Type", "application/vnd.kubernetes.protobuf"}};
  const Reply created = world.Call("POST", "/api/v1/namespaces/default/secrets",
                                   Envelope("v1", "Secret", Text(1, Text(1, "s")) + Entry(4, "k", "v")), proto);
  EXPECT_EQ(created.status, 201) << created.text;
  EXPECT_EQ(FindString(created.json(), {"data", "k"}), "dg==");
  EXPECT_EQ(world.Call("PUT", "/api/v1/namespaces/default/secrets/s",
                       Envelope("v1", "Secret", Text(1, Text(1, "s")) + Entry(4, "k", "w")), proto).status, 200);
  const Reply wrong = world.Call("POST", "/api/v1/namespaces/default/secrets",
                                 Envelope("v1", "ConfigMap", Text(1, Text(1, "s"))), proto);
  EXPECT_EQ(wrong.status, 422);
  EXPECT_EQ(world.Call("POST", kPluginsPath, Envelope("patchbay.dev/v1", "Plugin", ""), proto).status, 415);
  const Reply conflict = world.Call("DELETE", "/api/v1/namespaces/default/secrets/s",
                                    Envelope("v1", "DeleteOptions", Text(2, Text(1, "other"))), proto);
  EXPECT_EQ(conflict.status, 409) << conflict.text;
  EXPECT_EQ(world.Call("DELETE", "/api/v1/namespaces/default/secrets/s",
                       Envelope("v1", "DeleteOptions", Text(4, "Background")), proto).status, 200);
}

}  // namespace
}  // namespace patchbay::api
