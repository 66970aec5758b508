// Many fibers ask, one call answers: fibers that ask while a load runs join the next one. A
// thousand fibers that miss a cache at the same moment cost two loads, and a lone fiber waits for
// nobody. Fibers of one thread only.
#pragma once

#include "fibers/sleeper.hpp"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace fibers {

// Answer: what one fiber gets (copyable). The load returns one answer per key, in the order of the
// keys; it must not throw.
template <class Key, class Answer>
class batcher {
public:
    using load_fn = std::function<std::vector<Answer>(std::span<const Key>)>;

    batcher(std::size_t largest_batch, load_fn load)
        : largest_(largest_batch)
        , load_(std::move(load))
    {
    }

    Answer ask(Key key)
    {
        question mine{std::move(key), {}, {}};
        queue_.push_back(&mine);
        if (loading_) {
            mine.turn.sleep();
        }
        // Either answered by another fiber's load, or first in the queue with nobody loading.
        if (!mine.answer) {
            load_some();
        }
        return std::move(*mine.answer);
    }

private:
    struct question {
        Key key;
        std::optional<Answer> answer;
        sleeper turn;
    };

    void load_some()
    {
        loading_ = true;
        const std::size_t n = std::min(queue_.size(), largest_);
        const std::vector<question*> batch(queue_.begin(),
                                           queue_.begin() + static_cast<std::ptrdiff_t>(n));
        queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(n));
        std::vector<Key> keys;
        keys.reserve(n);
        for (const question* q : batch) {
            keys.push_back(q->key);
        }
        auto answers = load_(keys); // the other fibers run meanwhile
        for (std::size_t i = 0; i < n; ++i) {
            batch[i]->answer = std::move(answers[i]);
            batch[i]->turn.wake();
        }
        if (queue_.empty()) {
            loading_ = false;
        } else {
            queue_.front()->turn.wake(); // the next load is theirs
        }
    }

    const std::size_t largest_;
    load_fn load_;
    std::vector<question*> queue_;
    bool loading_ = false;
};

} // namespace fibers
