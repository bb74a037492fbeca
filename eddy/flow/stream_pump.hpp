// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <deque>
#include <exception>
#include <optional>
#include <string>
#include <utility>

#include "eddy/base/detail/exchanged.hpp"
#include "eddy/coro/leaf.hpp"
#include "eddy/flow/stream_shaper.hpp"
#include "eddy/flow/task_group.hpp"

namespace eddy::detail {

/// Something to wake: the operation that the consumer of a stream waits on.
class stream_consumer {
 public:
  virtual void something_arrived() noexcept = 0;

 protected:
  ~stream_consumer() = default;
};

/// The base of streams that ask their sources ahead of their consumer, each in a child task, a *pump*.
///
/// Invariants: (1) a pump asks its source only while fewer than `limit` of its items wait for the consumer, so no more
/// than that are ever there; (2) items are handed over in the order in which they came; (3) an item leaves only in the
/// step of the consumer that gets it; (4) what a source throws comes behind its items.
template <class T>
class pumped_stream : public child_tasks {
 public:
  pumped_stream(pumped_stream&&) noexcept = default;

  bool body_ended(const outcome<>& how) noexcept override {
    body_ = nullptr;
    if (!children_.empty()) cancel_all("the consumer of the stream has left");
    return child_tasks::body_ended(how);
  }
  std::exception_ptr finish() override {
    for (const arrival& each : arrived_)
      if (each.error) context_->loop().handle_exception({"a stream failed, and its consumer had left", each.error});
    arrived_.clear();
    return nullptr;
  }

 protected:
  class room_operation;

  struct pump {
    explicit pump(std::size_t most = 1) noexcept : limit(most) {}
    std::size_t limit;
    std::size_t waiting = 0;            // items that came and are not handed over
    room_operation* blocked = nullptr;  // its task waits until there are fewer
  };
  pumped_stream() = default;
  ~pumped_stream() = default;

  /// Starts a child that asks `source`. Both have to stay where they are.
  template <class S>
  void start(S& source, pump& p) {
    auto* state = make_task(context_->scheduler(), context_, &pumped_stream::template run_pump<S>, this,
                            std::ref(source), std::ref(p));
    task<> handle(*state);
    add(*state, nullptr);
    ++running_;
    started_ = true;
  }
  bool started() const noexcept { return started_; }

  std::size_t arrived() const noexcept { return arrived_.size(); }
  /// Whether nothing will come any more: all sources are at their end.
  bool all_ended() const noexcept { return running_ == 0; }
  /// Whether an exception stands among what has arrived.
  bool has_error() const noexcept { return errors_ != 0; }

  /// Takes the oldest out. @throws  it is a source's exception.
  T take() {
    arrival oldest = std::move(arrived_.front());
    arrived_.pop_front();
    pump& from = *oldest.from;
    --from.waiting;
    if (from.blocked != nullptr) detail::exchanged(from.blocked, nullptr)->granted();
    if (oldest.error) {
      --errors_;
      std::rethrow_exception(oldest.error);
    }
    return *std::move(oldest.item);
  }
  bool front_is_error() const noexcept { return arrived_.front().error != nullptr; }

  void wait(stream_consumer& who) {
    if (consumer_ != nullptr)
      throw misuse_error("next() of this stream is being awaited already; one consumer at a time");
    consumer_ = &who;
  }
  void stop_waiting() noexcept { consumer_ = nullptr; }

  /// One more has arrived, before the consumer is told.
  virtual void item_arrived() noexcept {}

 private:
  struct arrival {
    arrival(T&& value, pump& p) : item(std::move(value)), from(&p) {}
    arrival(std::exception_ptr thrown, pump& p) noexcept : error(std::move(thrown)), from(&p) {}
    std::optional<T> item;
    std::exception_ptr error;
    pump* from;
  };

  template <class S>
  class asking {
   public:
    asking(pumped_stream& stream, pump& p) noexcept : stream_(&stream), pump_(&p) {}
    coro<> operator()(S& source) const {
      while (true) {
        co_await room_operation(*pump_);
        auto item = co_await source.next();
        if (!item) co_return;
        stream_->arrive(arrival(T(*std::move(item)), *pump_));
      }
    }

   private:
    pumped_stream* stream_;
    pump* pump_;
  };

  template <class S>
  coro<> run_pump(S& source, pump& p) {
    const asking<S> ask(*this, p);
    try {
      if constexpr (resource<S>)
        co_await make_with(source, ask);
      else
        co_await ask(source);
    } catch (...) {
      ++errors_;
      arrive(arrival(std::current_exception(), p));
    }
  }

  void arrive(arrival&& one) {
    ++one.from->waiting;
    arrived_.push_back(std::move(one));
    item_arrived();
    tell_consumer();
  }
  void tell_consumer() noexcept {
    if (consumer_ != nullptr) consumer_->something_arrived();
  }
  void child_ended(task_state&) noexcept override {
    --running_;
    tell_consumer();
  }

  std::deque<arrival> arrived_;
  stream_consumer* consumer_ = nullptr;
  std::size_t errors_ = 0;
  std::size_t running_ = 0;  // pumps that have not ended
  bool started_ = false;
};

/// A pump waits until the consumer has taken enough. Atomic: reserves nothing.
template <class T>
class pumped_stream<T>::room_operation final : public leaf<room_operation> {
 public:
  explicit room_operation(pump& p) noexcept : pump_(&p) {}
  room_operation(room_operation&&) = default;
  bool try_complete() const noexcept { return pump_->waiting < pump_->limit; }
  void begin() noexcept { pump_->blocked = this; }
  bool take_back() noexcept {
    pump_->blocked = nullptr;
    return true;
  }
  void granted() noexcept { this->context_->completed(); }
  void await_resume() const noexcept {}
  std::string describe() const override { return "the consumer of a stream"; }

 private:
  pump* pump_;
};

/// Waits for the next item of any source. Atomic: a cancelled one leaves it there.
template <class T>
class pumped_next;

/// A pumped stream whose next() gives single items.
template <class T>
class pumped_items : public pumped_stream<T> {
 protected:
  pumped_items() = default;
  pumped_items(pumped_items&&) noexcept = default;
  ~pumped_items() = default;

 private:
  friend pumped_next<T>;
  bool ready() const noexcept { return this->arrived() != 0 || this->all_ended(); }
};

template <class T>
class pumped_next final : public leaf<pumped_next<T>>, private stream_consumer {
 public:
  explicit pumped_next(pumped_items<T>& s) noexcept : stream_(&s) {}
  pumped_next(pumped_next&& other) noexcept : leaf<pumped_next>(std::move(other)), stream_(other.stream_) {}

  bool try_complete() const noexcept { return stream_->ready(); }
  void begin() { stream_->wait(*this); }
  bool take_back() noexcept {
    stream_->stop_waiting();
    return true;
  }
  std::optional<T> await_resume() {
    if (stream_->arrived() == 0) return std::nullopt;
    return stream_->take();
  }
  std::string describe() const override { return "the next item of a stream"; }

 private:
  void something_arrived() noexcept override {
    if (!stream_->ready()) return;
    stream_->stop_waiting();
    this->context_->completed();
  }

  pumped_items<T>* stream_;
};

}  // namespace eddy::detail
