// What the parser takes from the heap. This executable's operator new counts.
#include <gtest/gtest.h>

#include <cstdlib>
#include <new>
#include <string>
#include <string_view>

#include "resp/request_parser.h"

namespace {

std::size_t allocations = 0;
std::size_t live = 0;

}  // namespace

void* operator new(std::size_t bytes) {
    void* memory = std::malloc(bytes);
    if (memory == nullptr) throw std::bad_alloc();
    ++allocations;
    ++live;
    return memory;
}

void operator delete(void* memory) noexcept {
    if (memory != nullptr) --live;
    std::free(memory);
}

void operator delete(void* memory, std::size_t) noexcept { operator delete(memory); }

namespace pgredis::resp {
namespace {

using Status = RequestParser::Status;

TEST(RequestParserAllocations, AreOneForASmallRequest) {
    RequestParser parser;
    std::string_view input = "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$15\r\nfifteen letters\r\n";
    const std::size_t before = allocations;
    ASSERT_EQ(parser.parse(input), Status::request);
    const Request request = parser.take();
    EXPECT_EQ(allocations - before, 1U);
}

TEST(RequestParserAllocations, AreAllGivenBack) {
    const std::size_t before = live;
    RequestParser parser;
    for (const std::string_view piece : {"PING and a line longer than a small string", " in two pieces\r\n", "*2\r\n$40\r\n",
                                         "a bulk longer than a small string, too..\r\n", "$00000000000000000000000001", "\r\n"}) {
        std::string_view input = piece;
        if (parser.parse(input) == Status::request) {
            parser.take();
            EXPECT_EQ(live, before) << "idle after " << piece;
        }
    }
    EXPECT_EQ(live - before, 1U) << "the error's text alone";
}

}  // namespace
}  // namespace pgredis::resp
