#include "postgres/claim_queue.h"

#include <algorithm>
#include <unordered_set>

namespace pgredis::postgres {

namespace {

constexpr std::size_t max_shared_claims = 64;
constexpr std::size_t max_shared_keys = 500;
// So many are looked at for one whose keys are free.
constexpr std::size_t max_skipped_claims = 1000;

std::string lock_name(const Claim& claim, const std::string& key) { return std::to_string(claim.database) + ' ' + key; }

}  // namespace

ClaimQueue::Claims ClaimQueue::take(const std::function<bool(const Claim&)>& may_take) {
    Claims taken;
    std::deque<std::shared_ptr<Claim>> skipped;
    std::unordered_set<std::string> asked;  // by those that are skipped
    std::size_t keys = 0;
    const auto is_free = [&](const Claim& claim) {
        return claim.snapshot || std::none_of(claim.keys.begin(), claim.keys.end(), [&](const std::string& key) {
                   const auto name = lock_name(claim, key);
                   return held_.contains(name) || asked.contains(name);
               });
    };
    const auto may_join = [&](const Claim& claim) {
        if (taken.empty()) return may_take(claim);
        const auto& first = *taken.front();
        return !claim.alone && claim.database == first.database && claim.snapshot == first.snapshot &&
               keys + claim.keys.size() <= max_shared_keys;
    };
    while (!waiting_.empty() && skipped.size() < max_skipped_claims && taken.size() < max_shared_claims &&
           (taken.empty() || !taken.front()->alone)) {
        auto claim = std::move(waiting_.front());
        waiting_.pop_front();
        if (is_free(*claim) && may_join(*claim)) {
            keys += claim->keys.size();
            taken.push_back(std::move(claim));
        } else {
            for (const auto& key : claim->keys) asked.insert(lock_name(*claim, key));
            skipped.push_back(std::move(claim));
        }
    }
    waiting_.insert(waiting_.begin(), std::make_move_iterator(skipped.begin()), std::make_move_iterator(skipped.end()));
    for (const auto& claim : taken) {
        if (claim->snapshot) continue;
        for (const auto& key : claim->keys) ++held_[lock_name(*claim, key)];
    }
    return taken;
}

void ClaimQueue::release(const Claims& claims) {
    for (const auto& claim : claims) {
        if (claim->snapshot) continue;
        for (const auto& key : claim->keys) {
            const auto held = held_.find(lock_name(*claim, key));
            if (held != held_.end() && --held->second == 0) held_.erase(held);
        }
    }
}

ClaimQueue::Claims ClaimQueue::expire(std::uint64_t deadline) {
    Claims expired;
    const auto late = [deadline](const auto& claim) { return claim->queued_at < deadline; };
    std::copy_if(waiting_.begin(), waiting_.end(), std::back_inserter(expired), late);
    std::erase_if(waiting_, late);
    return expired;
}

}  // namespace pgredis::postgres
