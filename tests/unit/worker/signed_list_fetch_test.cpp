// SPDX-License-Identifier: LGPL-2.1-or-later
#include "signed_list_fetch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bootferry {
namespace {

using testing::HasSubstr;

const std::string plainList = std::string(64, 'a') + "  live.iso\n";
const std::string inlineList = "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n" + plainList +
                               "-----BEGIN PGP SIGNATURE-----\n\nAAAA\n-----END PGP SIGNATURE-----\n";

TransferRequest requestFor(const char* signatureUrl = nullptr) {
    TransferRequest request;
    request.url = Url::parse("http://server.example/live.iso");
    request.checksumUrl = Url::parse("http://lists.example/SHA256SUMS");
    request.signature.emplace();
    if (signatureUrl != nullptr) {
        request.signature->url = Url::parse(signatureUrl);
    }
    return request;
}

WorkerJob jobFor(const TransferRequest& request) {
    WorkerJob job;
    job.request = request;
    return job;
}

std::string nextUrl(const SignedListFetch& list, const TransferRequest& request) {
    return list.fetchJob(jobFor(request)).request.url.asWritten();
}

std::string reasonOf(const std::function<void()>& act) {
    try {
        act();
    } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::Checksum);
        return error.what();
    }
    return "nothing was refused";
}

TEST(SignedListFetch, TheListComesFirstAndKnowsNothingOfTheImage) {
    auto request = requestFor();
    request.mirrors = {Url::parse("http://mirror.example/live.iso")};
    const SignedListFetch list(request);
    const auto job = list.fetchJob(jobFor(request));
    EXPECT_EQ(job.request.url.asWritten(), "http://lists.example/SHA256SUMS");
    EXPECT_TRUE(job.request.mirrors.empty());
    EXPECT_FALSE(job.request.checksumUrl);
    EXPECT_FALSE(job.request.signature);
    EXPECT_TRUE(job.withholdLogin);
}

TEST(SignedListFetch, AListThatIsSignedInlineNeedsNoOtherFile) {
    SignedListFetch list(requestFor());
    const auto message = list.arrived(inlineList);
    ASSERT_TRUE(message);
    EXPECT_EQ(message->text, inlineList);
    EXPECT_EQ(message->signature, "");
}

TEST(SignedListFetch, SignaturesBesideTheListAreTriedInTurn) {
    const auto request = requestFor();
    const Error missing(ErrorCode::NotFound, "404");
    SignedListFetch list(request);
    EXPECT_FALSE(list.arrived(plainList));
    EXPECT_EQ(nextUrl(list, request), "http://lists.example/SHA256SUMS.gpg");
    EXPECT_FALSE(list.whyNotFetched(missing));
    EXPECT_EQ(nextUrl(list, request), "http://lists.example/SHA256SUMS.asc");
    EXPECT_FALSE(list.whyNotFetched(missing));
    EXPECT_FALSE(list.whyNotFetched(missing));
    EXPECT_FALSE(list.whyNotFetched(missing));
    EXPECT_EQ(nextUrl(list, request), "http://lists.example/SHA256SUMS.p7s");
    const auto last = list.whyNotFetched(missing);
    ASSERT_TRUE(last);
    EXPECT_THAT(last->what(), HasSubstr("is not signed"));
}

TEST(SignedListFetch, TheSignatureIsVerifiedWithTheListThatArrived) {
    SignedListFetch list(requestFor("http://lists.example/signature"));
    EXPECT_FALSE(list.arrived(plainList));
    const auto message = list.arrived("signature");
    ASSERT_TRUE(message);
    EXPECT_EQ(message->text, plainList);
    EXPECT_EQ(message->signature, "signature");
}

TEST(SignedListFetch, ANamedSignatureIsNotLookedForElsewhere) {
    SignedListFetch list(requestFor("http://lists.example/signature"));
    EXPECT_FALSE(list.arrived(plainList));
    const auto why = list.whyNotFetched(Error(ErrorCode::NotFound, "404"));
    ASSERT_TRUE(why);
    EXPECT_EQ(why->code(), ErrorCode::NotFound);
    EXPECT_THAT(why->what(), HasSubstr("the signature 'http://lists.example/signature'"));
}

TEST(SignedListFetch, AnotherFailureIsNotASignForTheNextName) {
    SignedListFetch list(requestFor());
    EXPECT_FALSE(list.arrived(plainList));
    EXPECT_TRUE(list.whyNotFetched(Error(ErrorCode::Unreachable, "no route")));
    SignedListFetch named(requestFor("http://lists.example/signature"));
    EXPECT_FALSE(named.arrived(plainList));
    EXPECT_TRUE(named.whyNotFetched(Error(ErrorCode::Auth, "403")));
    SignedListFetch listFirst(requestFor());
    EXPECT_TRUE(listFirst.whyNotFetched(Error(ErrorCode::Auth, "403")));
}

TEST(SignedListFetch, WhatAServerRefusesMayNotExistAndIsNamedIfNothingIsFound) {
    const auto request = requestFor();
    const Error missing(ErrorCode::NotFound, "404");
    SignedListFetch list(request);
    EXPECT_FALSE(list.arrived(plainList));
    EXPECT_FALSE(list.whyNotFetched(missing));
    EXPECT_FALSE(list.whyNotFetched(Error(ErrorCode::Auth, "server answered 403 Forbidden")));
    EXPECT_EQ(nextUrl(list, request), "http://lists.example/SHA256SUMS.sign");
    EXPECT_FALSE(list.whyNotFetched(missing));
    EXPECT_FALSE(list.whyNotFetched(missing));
    const auto last = list.whyNotFetched(missing);
    ASSERT_TRUE(last);
    EXPECT_EQ(last->code(), ErrorCode::Auth);
    EXPECT_THAT(last->what(), HasSubstr("'http://lists.example/SHA256SUMS.asc'"));
    EXPECT_THAT(last->what(), HasSubstr("server answered 403 Forbidden"));
}

TEST(SignedListFetch, WhatCannotBeSignedIsRefused) {
    SignedListFetch empty(requestFor("http://lists.example/signature"));
    EXPECT_FALSE(empty.arrived(plainList));
    EXPECT_THAT(reasonOf([&] { (void)empty.arrived(""); }), HasSubstr("it is empty"));
    SignedListFetch mustBeInline(requestFor("http://lists.example/SHA256SUMS"));
    EXPECT_THAT(reasonOf([&] { (void)mustBeInline.arrived(plainList); }), HasSubstr("no inline signature"));
    SignedListFetch huge(requestFor());
    EXPECT_THAT(huge.whyNotFetched(Error(ErrorCode::TooLarge, "it is large"))->what(),
                HasSubstr("not a checksum list"));
}

TEST(SignedListFetch, TheChecksumIsThatOfTheImageInTheSignedText) {
    const SignedListFetch list(requestFor());
    EXPECT_EQ(list.checksumIn(plainList), "sha256:" + std::string(64, 'a'));
    EXPECT_THROW((void)list.checksumIn(std::string(64, 'a') + "  other.iso\n"), Error);
}

} // namespace
} // namespace bootferry
