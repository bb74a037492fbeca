// SPDX-License-Identifier: BSL-1.0
// What only io_uring does; what all backends do alike stands in the backend_* suites.
#include "eddy/loop/io_uring_backend.hpp"

#include "tests/net/backend_suite.hpp"
#include "tests/support/counts_allocations.hpp"

using namespace eddy::testing;
using eddy::detail::byte_block;
using eddy::detail::io_uring_backend;

namespace {

class io_uring : public ::testing::Test {
 protected:
  void SetUp() override {
    try {
      io = std::make_unique<io_uring_backend>(how);
    } catch (const std::system_error& e) {
      GTEST_SKIP() << e.what();
    }
    std::array<int, 2> fds{};
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds.data()), 0);
    near.fd = fds[0];
    far = fds[1];
    io->attach(near);
  }
  ~io_uring() override {
    if (io != nullptr) io->close(near);
    if (near.fd >= 0) ::close(near.fd);
    if (far >= 0) ::close(far);
  }

  io_uring_backend::settings how;
  std::unique_ptr<backend> io;
  descriptor near;
  int far = -1;
};

/// With hardly any memory to lend.
class io_uring_short_of_pieces : public io_uring {
 protected:
  io_uring_short_of_pieces() { how.pieces = 2; }
};

TEST_F(io_uring, L4_what_the_kernel_has_completes_later) {
  std::string into(8, '\0');
  noted request(io_kind::receive, near, into);
  EXPECT_FALSE(io->start(request));
  io->poll(0ns);
  EXPECT_FALSE(io->withdraw(request)) << "the kernel may be writing to its memory";
  EXPECT_TRUE(request.pending);
  EXPECT_EQ(io->pending(), 1U);
  EXPECT_EQ(io->leaving(), 1U);
  while (request.pending) io->poll(1s);
  EXPECT_EQ(request.result, -ECANCELED);
  EXPECT_EQ(io->leaving(), 0U);
}

TEST_F(io_uring, L4_what_the_kernel_has_not_seen_is_gone_at_once) {
  std::string into(8, '\0');
  noted request(io_kind::receive, near, into);
  EXPECT_FALSE(io->start(request));
  EXPECT_TRUE(io->withdraw(request));
  EXPECT_EQ(io->pending(), 0U);
  io->close(near);
  EXPECT_EQ(io->leaving(), 0U);
  char byte = 0;
  EXPECT_EQ(::recv(far, &byte, 1, 0), 0) << "it is closed";
}

TEST_F(io_uring, L4_a_loop_that_goes_leaves_nothing_that_writes) {
  std::string into(8, '\0');
  noted request(io_kind::receive, near, into);
  EXPECT_FALSE(io->start(request));
  io->poll(0ns);
  io.reset();
  EXPECT_EQ(::send(far, "data", 4, MSG_NOSIGNAL), 4);
  EXPECT_EQ(into, std::string(8, '\0'));
  EXPECT_EQ(::recv(near.fd, into.data(), into.size(), 0), 4) << "the bytes are still there";
  EXPECT_EQ(request.completions, 0);
}

TEST_F(io_uring, L9_closing_under_a_read_is_misuse) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  noted request(io_kind::receive, near);
  EXPECT_FALSE(io->start(request));
  noted second(io_kind::receive, near);
  EXPECT_DEATH(io->start(second), "two reads or two writes of one descriptor");
  EXPECT_DEATH(io->close(near), "cancel it and await its end first");
  EXPECT_TRUE(io->withdraw(request));
}

TEST_F(io_uring, a_buffer_that_was_lent_is_lent_again) {
  std::string text(100, 'x');
  for (int round = 0; round < 100; ++round) {
    noted request(io_kind::receive, near);
    text[0] = static_cast<char>('a' + round % 26);
    EXPECT_FALSE(io->start(request));
    EXPECT_EQ(::send(far, text.data(), text.size(), MSG_NOSIGNAL), 100);
    while (request.pending) io->poll(1s);
    EXPECT_EQ(request.got, text);
  }
}

TEST_F(io_uring, a_long_stream_comes_whole_through_small_pieces) {
  std::string sent;
  std::string received;
  for (int i = 0; i < 10'000; ++i) sent += std::to_string(i) + ',';
  ASSERT_EQ(::send(far, sent.data(), sent.size(), MSG_NOSIGNAL), static_cast<ssize_t>(sent.size()));
  while (received.size() < sent.size()) {
    noted request(io_kind::receive, near, nullptr, 1000);
    if (io->start(request)) request.completed();
    while (request.pending) io->poll(1s);
    ASSERT_GT(request.result, 0);
    ASSERT_LE(request.result, 1000);
    received += request.got;
  }
  EXPECT_EQ(received, sent);
}

/// So many connected pairs, each with a receive that has begun and borrows its memory.
struct receivers {
  receivers(backend& b, std::size_t count) : io(b), ends(count), peers(count, -1) {
    for (std::size_t i = 0; i < count; ++i) {
      std::array<int, 2> fds{};
      EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds.data()), 0);
      ends[i].fd = fds[0];
      peers[i] = fds[1];
      io.attach(ends[i]);
      requests.push_back(std::make_unique<noted>(io_kind::receive, ends[i]));
      EXPECT_FALSE(io.start(*requests[i]));
    }
  }
  receivers(const receivers&) = delete;
  receivers& operator=(const receivers&) = delete;
  ~receivers() {
    for (descriptor& d : ends) io.close(d);
    for (const int fd : peers) ::close(fd);
  }
  /// To each of them what `text(i)` says.
  template <class F>
  void send_to_all(F text) {
    for (std::size_t i = 0; i < peers.size(); ++i) {
      const std::string bytes = text(i);
      EXPECT_EQ(::send(peers[i], bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
    }
  }
  backend& io;
  std::vector<descriptor> ends;
  std::vector<int> peers;
  std::vector<std::unique_ptr<noted>> requests;
};

TEST_F(io_uring, L4_withdrawing_in_the_middle_of_a_queue_keeps_the_others_in_place) {
  receivers all(*io, 7);
  for (const std::size_t i : {3U, 0U, 6U}) EXPECT_TRUE(io->withdraw(*all.requests[i]));
  all.send_to_all([](std::size_t) { return "x"; });
  while (io->pending() != 0) io->poll(1s);
  for (std::size_t i = 0; i < all.requests.size(); ++i)
    EXPECT_EQ(all.requests[i]->completions, i == 3 || i == 0 || i == 6 ? 0 : 1) << i;
}

// The kernel looks at 200 receives whose bytes are there, a number of them in one go: most end without a piece, and are
// tried again.
constexpr std::size_t many = 200;

TEST_F(io_uring_short_of_pieces, receives_that_end_without_one_get_their_bytes) {
  receivers all(*io, many);
  all.send_to_all([](std::size_t i) { return "to " + std::to_string(i); });
  while (io->pending() != 0) io->poll(1s);
  for (std::size_t i = 0; i < many; ++i) {
    EXPECT_EQ(all.requests[i]->completions, 1) << i;
    EXPECT_EQ(all.requests[i]->got, "to " + std::to_string(i));
  }
}

/// Keeps the memory that it was lent.
struct taking final : noted {
  using noted::noted;
  ~taking() override {
    if (block != nullptr) byte_block::release(block);
  }
  void completed() noexcept override {
    noted::completed();
    if (may_take) block = byte_block::take(data, static_cast<std::size_t>(result));
  }
  byte_block* block = nullptr;
};

TEST_F(io_uring_short_of_pieces, many_bytes_are_taken_with_their_memory_and_other_memory_stands_in) {
  std::vector<std::unique_ptr<taking>> all;
  for (int round = 0; round < 20; ++round) {
    all.push_back(std::make_unique<taking>(io_kind::receive, near));
    taking& request = *all.back();
    EXPECT_FALSE(io->start(request));
    const std::string text(20'000, static_cast<char>('a' + round));
    ASSERT_EQ(::send(far, text.data(), text.size(), MSG_NOSIGNAL), 20'000);
    while (request.pending) io->poll(1s);
    ASSERT_EQ(request.result, 20'000);
    ASSERT_NE(request.block, nullptr);
  }
  for (const auto& request : all)
    EXPECT_EQ(std::string_view(request->block->bytes(), request->block->size), request->got);
}

#if EDDY_COUNTS_ALLOCATIONS
/// No memory while it lives, nor blocks that the thread has kept for the next who wants one.
class without_memory {
 public:
  without_memory() {
    taken_.reserve(byte_block::most_kept / piece);
    refuses_memory = true;
    take_all(piece);
    take_all(byte_block::largest_kept);
  }
  without_memory(const without_memory&) = delete;
  without_memory& operator=(const without_memory&) = delete;
  ~without_memory() {
    refuses_memory = false;
    for (byte_block* const block : taken_) byte_block::release(block);
  }

 private:
  static constexpr std::size_t piece = 32UL * 1024;

  void take_all(std::size_t size) {
    try {
      while (true) taken_.push_back(byte_block::make(size));
    } catch (const std::bad_alloc&) {
    }
  }

  std::vector<byte_block*> taken_;
};

TEST_F(io_uring_short_of_pieces, where_there_is_no_memory_for_others_bytes_come_in_other_ways) {
  const std::string text(20'000, 'x');
  std::vector<std::unique_ptr<taking>> all;
  for (int i = 0; i < 7; ++i) {
    all.push_back(std::make_unique<taking>(io_kind::receive, near));
    all.back()->got.reserve(text.size());
  }
  const auto receive = [&](taking& request) {
    EXPECT_EQ(::send(far, text.data(), text.size(), MSG_NOSIGNAL), 20'000);
    if (io->start(request)) request.completed();
    while (request.pending) io->poll(1s);
  };
  receive(*all[0]);
  {
    const without_memory now;
    receive(*all[1]);
    receive(*all[2]);
    receive(*all[3]);
  }
  EXPECT_EQ(all[3]->result, -ENOMEM) << "both pieces are gone, and the loop has no buffer yet";
  for (std::size_t i : {4U, 5U, 6U}) receive(*all[i]);
  for (std::size_t i : {0U, 1U, 2U, 5U, 6U}) {
    ASSERT_NE(all[i]->block, nullptr) << i;
    EXPECT_TRUE(std::string_view(all[i]->block->bytes(), all[i]->block->size) == text);
  }
  EXPECT_TRUE(all[4]->got == text + text) << "by a plain call, with what was left before: " << all[4]->got.size();
}
#endif

/// Withdraws others when it completes.
struct withdrawing final : noted {
  using noted::noted;
  void completed() noexcept override {
    noted::completed();
    for (noted* each : others) EXPECT_FALSE(io->withdraw(*each)) << "the kernel has it";
  }
  backend* io = nullptr;
  std::vector<noted*> others;
};

TEST_F(io_uring_short_of_pieces, L4_a_receive_that_is_withdrawn_when_it_has_ended_leaves_the_bytes) {
  withdrawing first(io_kind::receive, near);
  EXPECT_FALSE(io->start(first));
  EXPECT_EQ(::send(far, "first", 5, MSG_NOSIGNAL), 5);
  receivers all(*io, many);
  all.send_to_all([](std::size_t i) { return "to " + std::to_string(i); });
  first.io = io.get();
  for (std::size_t i = 1; i < many; i += 3) first.others.push_back(all.requests[i].get());
  while (io->pending() != 0) io->poll(1s);
  std::size_t left = 0;
  for (std::size_t i = 0; i < many; ++i) {
    const noted& request = *all.requests[i];
    ASSERT_EQ(request.completions, 1) << i;
    std::string text = request.got;
    if (request.result == -ECANCELED) {
      EXPECT_EQ(i % 3, 1U);
      ++left;
      text.resize(64);
      const ssize_t count = ::recv(all.ends[i].fd, text.data(), text.size(), 0);
      ASSERT_GT(count, 0) << "its bytes have gone";
      text.resize(static_cast<std::size_t>(count));
    }
    EXPECT_EQ(text, "to " + std::to_string(i));
  }
  EXPECT_GT(left, many / 6) << "hardly any ended without a piece";
  EXPECT_EQ(io->leaving(), 0U);
}

}  // namespace
