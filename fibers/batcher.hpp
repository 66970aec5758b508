// Many fibers ask, one call answers: fibers that ask while a load runs join the next one, and those
// that ask for the same are one of its keys. A thousand fibers that miss a cache at the same moment
// cost two loads, a million that ask for a thousand things do, too, and a lone fiber waits for
// nobody. Fibers of one thread only.
#pragma once

#include "fibers/sleeper.hpp"

#include <boost/container_hash/hash.hpp>
#include <boost/unordered/unordered_flat_set.hpp>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace fibers {

// Answer: what one fiber gets (copyable). The load returns one answer per key, in the order of the
// keys, of which no two are equal; it must not throw.
template <class Key, class Answer, class Equal = std::equal_to<Key>>
class batcher {
public:
    using load_fn = std::function<std::vector<Answer>(std::span<const Key>)>;

    // `largest_batch`: keys of a load.
    batcher(std::size_t largest_batch, load_fn load)
        : largest_(largest_batch)
        , load_(std::move(load))
    {
    }

    Answer ask(const Key& key)
    {
        question mine{&key, nullptr, {}, {}};
        const auto [first, is_new] = asked_.insert(&mine);
        if (is_new) {
            queue_.push_back(&mine);
        } else {
            mine.same = std::exchange((*first)->same, &mine);
        }
        if (loading_) {
            mine.turn.sleep();
        }
        // Either answered by another fiber's load, or the one to load.
        if (!mine.answer) {
            load_some();
        }
        return std::move(*mine.answer);
    }

private:
    // On the stack of the fiber that asks.
    struct question {
        const Key* key;
        question* same; // another that asks for the same; null: none
        std::optional<Answer> answer;
        sleeper turn;
    };
    struct hash_of_key {
        std::size_t operator()(const question* q) const { return boost::hash<Key>()(*q->key); }
    };
    struct same_key {
        bool operator()(const question* a, const question* b) const
        {
            return Equal()(*a->key, *b->key);
        }
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
        for (question* q : batch) {
            keys.push_back(*q->key);
            asked_.erase(q); // who asks for it from here on is answered by the next load
        }
        const auto answers = load_(keys); // the other fibers run meanwhile
        for (std::size_t i = 0; i < n; ++i) {
            for (question* q = batch[i]; q != nullptr; q = q->same) {
                q->answer = answers[i];
                q->turn.wake();
            }
        }
        if (queue_.empty()) {
            loading_ = false;
        } else {
            queue_.front()->turn.wake(); // the next load is theirs
        }
    }

    const std::size_t largest_;
    load_fn load_;
    std::vector<question*> queue_; // the first to ask for each key
    boost::unordered_flat_set<question*, hash_of_key, same_key> asked_; // the same, to be found
    bool loading_ = false;
};

} // namespace fibers
