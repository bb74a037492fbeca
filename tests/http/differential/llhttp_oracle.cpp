// SPDX-License-Identifier: BSL-1.0
#include "tests/http/differential/oracle.hpp"

#include <llhttp.h>

namespace eddy::testing::http {

namespace {

struct collector {
  verdict result;
  plain_message current;
  std::string target;
  bool in_value = false;
};

collector& of(llhttp_t* parser) { return *static_cast<collector*>(parser->data); }

int on_begin(llhttp_t* parser) {
  of(parser).current = {};
  of(parser).target.clear();
  of(parser).in_value = false;
  return 0;
}

int on_url(llhttp_t* parser, const char* at, std::size_t size) {
  of(parser).target.append(at, size);
  return 0;
}

int on_name(llhttp_t* parser, const char* at, std::size_t size) {
  collector& all = of(parser);
  if (all.in_value || all.current.fields.empty()) all.current.fields.emplace_back();
  all.in_value = false;
  all.current.fields.back().first.append(at, size);
  return 0;
}

int on_value(llhttp_t* parser, const char* at, std::size_t size) {
  of(parser).in_value = true;
  of(parser).current.fields.back().second.append(at, size);
  return 0;
}

int on_name_complete(llhttp_t* parser) {
  of(parser).in_value = true;
  return 0;
}

int on_head(llhttp_t* parser) {
  collector& all = of(parser);
  all.current.minor_version = parser->http_minor;
  const auto method = static_cast<llhttp_method_t>(parser->method);
  all.current.start = parser->type == HTTP_REQUEST ? llhttp_method_name(method) + (" " + all.target)
                                                   : std::to_string(parser->status_code);
  return 0;
}

int on_body(llhttp_t* parser, const char* at, std::size_t size) {
  of(parser).current.body.append(at, size);
  return 0;
}

int on_complete(llhttp_t* parser) {
  collector& all = of(parser);
  normalize(all.current);
  all.result.messages.push_back(all.current);
  return 0;
}

}  // namespace

verdict ask_llhttp(direction which, std::string_view input) {
  llhttp_settings_t settings;
  llhttp_settings_init(&settings);
  settings.on_message_begin = on_begin;
  settings.on_url = on_url;
  settings.on_header_field = on_name;
  settings.on_header_field_complete = on_name_complete;
  settings.on_header_value = on_value;
  settings.on_headers_complete = on_head;
  settings.on_body = on_body;
  settings.on_message_complete = on_complete;

  collector all;
  llhttp_t parser;
  llhttp_init(&parser, which == direction::requests ? HTTP_REQUEST : HTTP_RESPONSE, &settings);
  parser.data = &all;
  llhttp_errno_t error = llhttp_execute(&parser, input.data(), input.size());
  if (error == HPE_OK) error = llhttp_finish(&parser);
  if (error != HPE_OK) all.result.error = llhttp_errno_name(error);
  return all.result;
}

}  // namespace eddy::testing::http
