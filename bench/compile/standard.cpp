// SPDX-License-Identifier: BSL-1.0
// The limit: the standard headers that a program with coroutines and durations cannot do without.
#include <chrono>
#include <coroutine>
#include <cstdio>
#include <exception>
#include <memory>
#include <string>
#include <utility>

int main() {
  const std::string one = "data from one";
  std::puts(one.c_str());
}
