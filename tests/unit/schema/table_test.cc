#include "schema/table.h"

#include "base/text.h"
#include "object/object.h"

namespace patchbay {
namespace {

const WallTime kNow = *ParseTime("2026-11-21T08:00:00Z");
const Kind& KindOf(std::string_view resource) { return *Kinds::Embedded().FindResource(resource); }
std::string Cells(std::string_view resource, const char* object) {
  return DumpJson(TableCells(KindOf(resource), Json::parse(object), kNow));
}
std::string Names(std::string_view resource, int priority) {
  std::string out;
  for (const Json& column : TableColumns(KindOf(resource)))
    if (column["priority"] <= priority) out += StrCat(FindString(column, {"name"}), ",");
  return out;
}

TEST(TableColumns, AreThoseOfTheDocument) {
  EXPECT_EQ(Names(kPlugins, 0), "Name,Ready,Phase,Restarts,Age,");
  EXPECT_EQ(Names(kPlugins, 1), "Name,Image,Ready,Phase,Restarts,Age,");
  EXPECT_EQ(Names(kRoutes, 0), "Name,Hosts,Paths,Programmed,Ready,Age,");
  EXPECT_EQ(Names(kWebhooks, 0), "Name,URL,Pending,Delivered,Failed,Age,");
  EXPECT_EQ(Names(kEvents, 0), "Last Seen,Type,Reason,Object,Message,");
  EXPECT_EQ(Names(kSecrets, 0), "Name,Type,Data,Age,");
  const Json columns = TableColumns(KindOf(kPlugins));
  EXPECT_EQ(columns[0]["format"], "name");
  EXPECT_EQ(columns[5]["type"], "date");
  EXPECT_EQ(columns[5]["description"],
            "Custom resource definition column (in JSONPath format): .metadata.creationTimestamp");
}
TEST(TableCells, KeepTheTypeOfTheirColumn) {
  EXPECT_EQ(
      Cells(kPlugins,
            R"({"metadata":{"name":"echo","creationTimestamp":"2026-11-21T07:59:55Z"},"spec":{"image":"demo/echo:1"},
                                "status":{"ready":"2/2","phase":"Running","restarts":3}})"),
      R"(["echo","demo/echo:1","2/2","Running",3,"5s"])");
  EXPECT_EQ(Cells(kPlugins, R"({"metadata":{"name":"echo"},"spec":{},"status":{"restarts":"many","phase":null}})"),
            R"(["echo",null,null,null,null,null])");
  EXPECT_EQ(
      Cells(kWebhooks, R"({"metadata":{"name":"w"},"spec":{"url":"http://x"},"status":{"pending":1.0,"failed":0}})"),
      R"(["w","http://x",1,null,0,null])");
}
TEST(TableCells, ShowListsReadably) {
  EXPECT_EQ(
      Cells(kRoutes,
            R"({"metadata":{"name":"r"},"spec":{"hosts":["a.org","b.org"],"paths":[{"value":"/a"},{"value":"/b"}]},
                               "status":{"conditions":[{"type":"Ready","status":"False"},{"type":"Programmed","status":"True"}]}})"),
      R"(["r","a.org,b.org","/a,/b","True","False",null])");
}
TEST(TableCells, ShowCoreKindsAsKubectlDoes) {
  EXPECT_EQ(
      Cells(
          kSecrets,
          R"({"metadata":{"name":"cred","creationTimestamp":"2026-11-21T07:28:00Z"},"type":"Opaque","data":{"a":"","b":""}})"),
      R"(["cred","Opaque",2,"32m"])");
  EXPECT_EQ(Cells(kConfigMaps, R"({"metadata":{"name":"c"},"data":{"a":""},"binaryData":{"b":"","c":""}})"),
            R"(["c",3,"<unknown>"])");
  EXPECT_EQ(Cells(kConfigMaps, R"({"metadata":{"name":"c"}})"), R"(["c",0,"<unknown>"])");
  EXPECT_EQ(Cells(kNamespaces, R"({"metadata":{"name":"default"},"status":{"phase":"Active"}})"),
            R"(["default","Active","<unknown>"])");
  EXPECT_EQ(
      Cells(
          kEvents,
          R"({"metadata":{"name":"e0"},"involvedObject":{"kind":"Plugin","name":"alpha"},"type":"Normal","reason":"Started",
      "message":"m","source":{"component":"patchbay"},"firstTimestamp":"2026-11-21T07:00:00Z","lastTimestamp":null,
      "eventTime":"2026-11-21T07:59:00.5Z","count":1})"),
      R"(["59s","Normal","Started","plugin/alpha","","patchbay","m","60m",1,"e0"])");
}

std::string PodStatus(const std::string& status, const std::string& metadata = "") {
  const Json cells = TableCells(KindOf(kPods),
                                Json::parse(R"({"metadata":{"name":"p")" + metadata + R"(},"spec":{"containers":[{}]},"status":)" +
                                            status + "}"),
                                kNow);
  return StrCat(cells[1].get<std::string>(), " ", cells[2].get<std::string>(), " ", cells[3].get<std::string>());
}

TEST(TableCells, ShowPodsAsKubectlDoes) {
  EXPECT_EQ(Names(kPods, 0), "Name,Ready,Status,Restarts,Age,");
  EXPECT_EQ(Names(kPods, 1), "Name,Ready,Status,Restarts,Age,IP,Node,Nominated Node,Readiness Gates,");
  EXPECT_EQ(Cells(kPods, R"({"metadata":{"name":"p","creationTimestamp":"2026-11-21T07:59:00Z"},
      "spec":{"containers":[{"name":"c"}],"nodeName":"host"},"status":{"phase":"Running","podIP":"172.17.0.2",
      "containerStatuses":[{"ready":true,"restartCount":0,"state":{"running":{}}}]}})"),
            R"(["p","1/1","Running","0","60s","172.17.0.2","host","<none>","<none>"])");
  EXPECT_EQ(PodStatus(R"({"phase":"Pending"})"), "0/1 Pending 0");
  const std::string running = R"({"phase":"Running","containerStatuses":[{"ready":true,"state":{"running":{}}}]})";
  EXPECT_EQ(PodStatus(running), "1/1 Running 0");
  EXPECT_EQ(PodStatus(running, R"(,"deletionTimestamp":"2026-11-21T07:59:00Z")"), "1/1 Terminating 0");
  EXPECT_EQ(PodStatus(R"({"phase":"Running","containerStatuses":[{"restartCount":2,
      "state":{"waiting":{"reason":"CrashLoopBackOff"}},
      "lastState":{"terminated":{"exitCode":1,"finishedAt":"2026-11-21T07:55:00Z"}}}]})"),
            "0/1 CrashLoopBackOff 2 (5m ago)");
  EXPECT_EQ(PodStatus(R"({"phase":"Succeeded","containerStatuses":[{"state":{"terminated":{"reason":"Completed"}}}]})"),
            "0/1 Completed 0");
  EXPECT_EQ(PodStatus(R"({"phase":"Failed","containerStatuses":[{"state":{"terminated":{"exitCode":3}}}]})",
                      R"(,"deletionTimestamp":"2026-11-21T07:59:00Z")"),
            "0/1 ExitCode:3 0");
}

}  // namespace
}  // namespace patchbay
