// SPDX-License-Identifier: BSL-1.0
// The same with libcurl's multi interface, after its documentation: 100 easy handles that are used again and again,
// driven by curl_multi_poll. `curl_multi URL`
#include "bench/http/client/repeated.hpp"

#include <curl/curl.h>

#include <array>
#include <string>

namespace {

class transfer {
 public:
  CURL* handle = nullptr;
  std::string body;
};

std::size_t keep(char* data, std::size_t, std::size_t count, void* to) {
  static_cast<transfer*>(to)->body.append(data, count);
  return count;
}

void check(CURL* handle) {
  transfer* of = nullptr;
  long status = 0;
  curl_easy_getinfo(handle, CURLINFO_PRIVATE, &of);
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
  if (status != 200 || of->body != bench::content) bench::wrong(of->body);
  of->body.clear();
}

void requests(CURLM* multi, std::array<transfer, bench::at_a_time>& transfers, int count) {
  int to_start = count;
  int to_end = count;
  for (transfer& each : transfers) {
    if (to_start-- <= 0) break;
    curl_multi_add_handle(multi, each.handle);
  }
  while (to_end > 0) {
    int running = 0;
    curl_multi_perform(multi, &running);
    int left = 0;
    while (CURLMsg* message = curl_multi_info_read(multi, &left)) {
      CURL* const handle = message->easy_handle;
      if (message->data.result != CURLE_OK) bench::wrong(curl_easy_strerror(message->data.result));
      check(handle);
      curl_multi_remove_handle(multi, handle);
      --to_end;
      if (to_start-- > 0) curl_multi_add_handle(multi, handle);
    }
    if (to_end > 0) curl_multi_poll(multi, nullptr, 0, 1000, nullptr);
  }
}

}  // namespace

int main(int, char** arguments) {
  curl_global_init(CURL_GLOBAL_DEFAULT);
  CURLM* const multi = curl_multi_init();
  curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, static_cast<long>(bench::at_a_time));
  std::array<transfer, bench::at_a_time> transfers;
  for (transfer& each : transfers) {
    each.handle = curl_easy_init();
    curl_easy_setopt(each.handle, CURLOPT_URL, arguments[1]);
    curl_easy_setopt(each.handle, CURLOPT_WRITEFUNCTION, keep);
    curl_easy_setopt(each.handle, CURLOPT_WRITEDATA, &each);
    curl_easy_setopt(each.handle, CURLOPT_PRIVATE, &each);
    curl_easy_setopt(each.handle, CURLOPT_TIMEOUT, 300L);
    curl_easy_setopt(each.handle, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(each.handle, CURLOPT_FOLLOWLOCATION, 1L);
  }
  requests(multi, transfers, bench::warm_up);
  bench::repetitions measured;
  while (measured.more()) {
    requests(multi, transfers, bench::requests);
    measured.done();
  }
  measured.print();
  for (transfer& each : transfers) curl_easy_cleanup(each.handle);
  curl_multi_cleanup(multi);
}
