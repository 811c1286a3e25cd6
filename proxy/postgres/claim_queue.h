// Who is next for a transaction of his own: first come, first served, and nobody waits for keys that are not his.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace pgredis::postgres {

// What somebody needs of a transaction. Unchanged while it is queued or taken.
class Claim {
 public:
    Claim() = default;
    Claim(const Claim&) = delete;
    Claim& operator=(const Claim&) = delete;
    virtual ~Claim() = default;

    std::int16_t database = 0;
    std::vector<std::string> keys;  // nobody else of this proxy shall be at work on them meanwhile
    bool alone = true;              // will not share its transaction
    bool snapshot = false;          // only reads one state of the database, so that keys do not matter
    std::uint64_t queued_at = 0;    // loop time in milliseconds
};

class ClaimQueue {
 public:
    using Claims = std::vector<std::shared_ptr<Claim>>;

    void push(std::shared_ptr<Claim> claim) { waiting_.push_back(std::move(claim)); }
    // One that was taken before, and has to begin again, waits no longer than it has to.
    void push_front(std::shared_ptr<Claim> claim) { waiting_.push_front(std::move(claim)); }

    // The first claim whose keys are free, and those behind it that may share its transaction, in their order; or nothing.
    // `may_take` can refuse the first one for now. Nobody is overtaken on a key: it is kept for whoever asked first.
    Claims take(const std::function<bool(const Claim&)>& may_take);
    // The transaction of these is over.
    void release(const Claims& claims);

    // Takes out whoever has waited since before `deadline`.
    Claims expire(std::uint64_t deadline);

    [[nodiscard]] std::size_t size() const { return waiting_.size(); }
    [[nodiscard]] bool empty() const { return waiting_.empty(); }

 private:
    std::deque<std::shared_ptr<Claim>> waiting_;
    std::unordered_map<std::string, std::size_t> held_;  // database and key, of claims that are taken: how many
};

}  // namespace pgredis::postgres
