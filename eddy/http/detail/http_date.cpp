// SPDX-License-Identifier: BSL-1.0
#include "eddy/http/detail/http_date.hpp"

#include <array>

namespace eddy::http::detail {

namespace {

using name = std::array<char, 4>;
constexpr std::array<name, 7> days{{{"Sun"}, {"Mon"}, {"Tue"}, {"Wed"}, {"Thu"}, {"Fri"}, {"Sat"}}};
constexpr std::array<name, 12> months{
    {{"Jan"}, {"Feb"}, {"Mar"}, {"Apr"}, {"May"}, {"Jun"}, {"Jul"}, {"Aug"}, {"Sep"}, {"Oct"}, {"Nov"}, {"Dec"}}};

void append_number(std::string& out, int value, int digits) {
  for (int unit = digits == 4 ? 1000 : 10; unit != 0; unit /= 10) out += static_cast<char>('0' + value / unit % 10);
}

}  // namespace

void append_http_date(std::string& out, std::time_t when) {
  std::tm t{};
  gmtime_r(&when, &t);
  out.append(days[static_cast<std::size_t>(t.tm_wday)].data()).append(", ");
  append_number(out, t.tm_mday, 2);
  out.append(" ").append(months[static_cast<std::size_t>(t.tm_mon)].data()).append(" ");
  append_number(out, t.tm_year + 1900, 4);
  out += ' ';
  append_number(out, t.tm_hour, 2);
  out += ':';
  append_number(out, t.tm_min, 2);
  out += ':';
  append_number(out, t.tm_sec, 2);
  out.append(" GMT");
}

std::string_view date_and_end_now() {
  struct cached {
    std::time_t second = -1;
    std::string text;
  };
  thread_local cached last;
  std::timespec now{};
  clock_gettime(CLOCK_REALTIME_COARSE, &now);  // no system call, and a date has only seconds
  if (now.tv_sec != last.second) {
    last.text = "Date: ";
    append_http_date(last.text, now.tv_sec);
    last.text.append("\r\n\r\n");
    last.second = now.tv_sec;
  }
  return last.text;
}

}  // namespace eddy::http::detail
