// The peer of api_bench: cpprestsdk's own listener with a constant JSON answer. On loopback only: it cannot stand abuse.
//   stock_listener PORT BYTES      until its standard input ends
#define _TURN_OFF_PLATFORM_STRING
#include <cpprest/http_listener.h>

#include <cstdio>
#include <cstdlib>
#include <string>

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const std::string body = "\"" + std::string(std::strtoul(argv[2], nullptr, 10) - 2, 'x') + "\"";
  web::http::experimental::listener::http_listener listener(web::uri("http://127.0.0.1:" + std::string(argv[1]) + "/"));
  listener.support(web::http::methods::GET, [&](const web::http::http_request& request) {
    request.reply(web::http::status_codes::OK, body, "application/json");
  });
  listener.open().wait();
  std::printf("listening\n");
  std::fflush(stdout);
  while (std::getchar() != EOF) continue;
  listener.close().wait();
  return 0;
}
