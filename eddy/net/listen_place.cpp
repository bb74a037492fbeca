// SPDX-License-Identifier: BSL-1.0
#include "eddy/net/listen_place.hpp"

#include <utility>

namespace eddy {

listen_place::listen_place(std::string host, std::uint16_t port)
    : host_(std::move(host)), port_(port), is_host_(true) {}
listen_place::listen_place(const endpoint& at) : address_(at) {}
listen_place::listen_place(unix_address at) : address_(std::move(at)) {}
listen_place::listen_place(inherited_socket from) : inherited_(std::make_shared<inherited_socket>(std::move(from))) {}
listen_place::listen_place(const listen_place& other) = default;
listen_place::listen_place(listen_place&& other) noexcept = default;
listen_place& listen_place::operator=(const listen_place& other) = default;
listen_place& listen_place::operator=(listen_place&& other) noexcept = default;
listen_place::~listen_place() = default;

}  // namespace eddy
