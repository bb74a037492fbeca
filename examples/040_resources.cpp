// SPDX-License-Identifier: BSL-1.0
// Opening and closing what has to await in both, and what to write where Python would have except and finally.
// Run: `example_040_resources`.
#include <eddy/eddy.hpp>

#include <chrono>
#include <iostream>
#include <stdexcept>
#include <string>
#include <utility>

using namespace std::chrono_literals;
using eddy::coro;

// [resource]
class session {
 public:
  explicit session(std::string user) : user_(std::move(user)) {}

  coro<> aenter() {
    co_await eddy::sleep(1ms);
    std::cout << "hello, " << user_ << '\n';
  }
  coro<> aexit(const eddy::outcome<>& how) {  // the parameter may be left out
    co_await eddy::sleep(1ms);
    std::cout << "goodbye, " << user_ << (how.has_value() ? "\n" : ", sorry\n");
  }

  coro<int> ask(int question) {
    co_await eddy::sleep(1ms);
    co_return question + 1;
  }

 private:
  std::string user_;
};

coro<> use_a_session() {
  int answer = co_await eddy::with(session("ada"), [](session& s) -> coro<int> {
    co_return co_await s.ask(41);
  });  // closed here: after a value, an exception or a cancellation
  std::cout << answer << '\n';
}
// [resource]

// [finally]
coro<> send_report() {
  co_await eddy::sleep(1ms);
  throw std::runtime_error("the line is down");
}
coro<> hang_up() {
  co_await eddy::sleep(1ms);
  std::cout << "hung up\n";
}

coro<> clean_up_that_awaits() {
  co_await eddy::finally(send_report, hang_up);  // the error comes out of here, after hang_up()
}
// [finally]

// [as_outcome]
coro<> await_after_an_error() {
  auto end = co_await eddy::as_outcome(send_report());
  if (end.has_exception()) co_await hang_up();  // a catch block could not await
  end.value();                                  // throws what send_report() threw
}
// [as_outcome]

// [on_cancel]
coro<> transfer(int& balance) {
  balance -= 10;
  auto undo = eddy::on_cancel([&] { balance += 10; });
  co_await eddy::sleep(1h);
}
// [on_cancel]

coro<> main_coro() {
  co_await use_a_session();
  for (auto attempt : {clean_up_that_awaits, await_after_an_error}) {
    try {
      co_await attempt();
    } catch (const std::runtime_error& error) {
      std::cout << error.what() << '\n';
    }
  }
  int balance = 100;
  auto end = co_await eddy::as_outcome(eddy::wait_for(transfer(balance), 1ms));
  std::cout << (end ? "transferred" : "not transferred") << ", the balance is " << balance << '\n';
}

int main() { eddy::run(main_coro); }
