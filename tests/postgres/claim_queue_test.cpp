#include "postgres/claim_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgredis::postgres {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class NamedClaim final : public Claim {
 public:
    std::string name;
};

class ClaimQueueTest : public ::testing::Test {
 protected:
    std::shared_ptr<NamedClaim> push(const std::string& name, std::vector<std::string> keys, bool alone = false) {
        auto claim = std::make_shared<NamedClaim>();
        claim->name = name;
        claim->keys = std::move(keys);
        claim->alone = alone;
        claim->queued_at = ++now_;
        queue_.push(claim);
        return claim;
    }

    ClaimQueue::Claims take() {
        return queue_.take([](const Claim&) { return true; });
    }

    static std::vector<std::string> names(const ClaimQueue::Claims& claims) {
        std::vector<std::string> list;
        for (const auto& claim : claims) list.push_back(static_cast<const NamedClaim&>(*claim).name);
        return list;
    }

    ClaimQueue queue_;
    std::uint64_t now_ = 0;
};

TEST_F(ClaimQueueTest, IsEmptyAtFirst) { EXPECT_THAT(take(), IsEmpty()); }

TEST_F(ClaimQueueTest, TakesThoseTogetherThatShare) {
    push("a", {"x"});
    push("b", {"y"});
    push("c", {"x"});
    EXPECT_THAT(names(take()), ElementsAre("a", "b", "c"));
    EXPECT_TRUE(queue_.empty());
}

TEST_F(ClaimQueueTest, TakesOneAloneThatDoesNotShare) {
    push("a", {"x"}, true);
    push("b", {"y"}, true);
    push("c", {"z"});
    EXPECT_THAT(names(take()), ElementsAre("a"));
    EXPECT_THAT(names(take()), ElementsAre("b"));
    EXPECT_THAT(names(take()), ElementsAre("c"));
}

TEST_F(ClaimQueueTest, LeavesOutOfASharedTransactionWhatDoesNotShare) {
    push("a", {"x"});
    push("b", {"y"}, true);
    push("c", {"z"});
    push("d", {"y"});  // would overtake b
    EXPECT_THAT(names(take()), ElementsAre("a", "c"));
    EXPECT_THAT(names(take()), ElementsAre("b"));
    EXPECT_THAT(names(take()), IsEmpty());
}

TEST_F(ClaimQueueTest, KeepsKeysUntilTheyAreReleased) {
    push("a", {"x", "y"}, true);
    const auto held = take();
    push("b", {"y"}, true);
    push("c", {"z"}, true);
    push("d", {"z", "y"}, true);
    EXPECT_THAT(names(take()), ElementsAre("c"));
    EXPECT_THAT(names(take()), IsEmpty());
    queue_.release(held);
    EXPECT_THAT(names(take()), ElementsAre("b"));
    EXPECT_THAT(names(take()), IsEmpty());
}

TEST_F(ClaimQueueTest, TellsDatabasesApart) {
    push("a", {"x"}, true);
    push("b", {"x"}, true)->database = 1;
    EXPECT_THAT(names(take()), ElementsAre("a"));
    EXPECT_THAT(names(take()), ElementsAre("b"));
}

TEST_F(ClaimQueueTest, SharesWithinOneDatabaseOnly) {
    push("a", {"x"});
    push("b", {"y"})->database = 1;
    push("c", {"z"});
    EXPECT_THAT(names(take()), ElementsAre("a", "c"));
    EXPECT_THAT(names(take()), ElementsAre("b"));
}

TEST_F(ClaimQueueTest, LetsSnapshotsPass) {
    push("a", {"x"}, true);
    push("b", {"x"})->snapshot = true;
    push("c", {"x"})->snapshot = true;
    EXPECT_THAT(names(take()), ElementsAre("a"));
    EXPECT_THAT(names(take()), ElementsAre("b", "c"));
}

TEST_F(ClaimQueueTest, PutsBackInFront) {
    push("a", {"x"}, true);
    push("b", {"y"}, true);
    auto taken = take();
    queue_.release(taken);
    queue_.push_front(taken.front());
    EXPECT_THAT(names(take()), ElementsAre("a"));
}

TEST_F(ClaimQueueTest, LetsTheFirstOneWait) {
    push("a", {"x"});
    push("b", {"y"}, true);
    EXPECT_THAT(names(queue_.take([](const Claim& claim) { return claim.alone; })), ElementsAre("b"));
    EXPECT_EQ(queue_.size(), 1U);
}

TEST_F(ClaimQueueTest, GivesUpThoseThatWaitedTooLong) {
    push("a", {"x"});
    push("b", {"y"});
    push("c", {"z"});
    EXPECT_THAT(names(queue_.expire(3)), ElementsAre("a", "b"));
    EXPECT_THAT(names(take()), ElementsAre("c"));
}

TEST_F(ClaimQueueTest, BoundsWhatIsShared) {
    for (int i = 0; i < 200; ++i) push(std::to_string(i), {std::to_string(i)});
    EXPECT_LE(take().size(), 64U);
    std::vector<std::string> keys(400);
    for (std::size_t i = 0; i < keys.size(); ++i) keys[i] = "many" + std::to_string(i);
    ClaimQueue other;
    std::swap(queue_, other);
    push("a", keys);
    push("b", {"x"});
    push("c", keys);
    EXPECT_THAT(names(take()), ElementsAre("a", "b"));
}

}  // namespace
}  // namespace pgredis::postgres
