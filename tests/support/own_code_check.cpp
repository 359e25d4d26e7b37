// SPDX-License-Identifier: LGPL-2.1-or-later
// A plugin of clang-tidy 14: it keeps the other checks to the tree's own code.
//
// clang-tidy looks for matches in all that a file includes, and then discards what it finds in the system's
// headers: more than half of its time. The declaration of the whole file is the first thing that matches, and
// this check then limits the traversal to the declarations that are not in a system header. What the checks
// look up from there, types and called functions, they still see. The analyzer has a traversal of its own,
// for which the limit is lifted. tests/run makes and loads it.
#include <clang-tidy/ClangTidyCheck.h>
#include <clang-tidy/ClangTidyModule.h>
#include <clang-tidy/ClangTidyModuleRegistry.h>

#include <clang/AST/ASTContext.h>
#include <clang/ASTMatchers/ASTMatchers.h>

#include <vector>

namespace {

class OwnCodeCheck : public clang::tidy::ClangTidyCheck {
public:
    using ClangTidyCheck::ClangTidyCheck;

    void registerMatchers(clang::ast_matchers::MatchFinder* finder) override {
        finder->addMatcher(clang::ast_matchers::translationUnitDecl().bind("file"), this);
    }

    void check(const clang::ast_matchers::MatchFinder::MatchResult& result) override {
        context_ = result.Context;
        const clang::SourceManager& sources = *result.SourceManager;
        std::vector<clang::Decl*> own;
        // What a precompiled header has and nothing uses is not loaded for this.
        for (clang::Decl* declaration : context_->getTranslationUnitDecl()->noload_decls()) {
            const auto location = sources.getExpansionLoc(declaration->getLocation());
            if (location.isValid() && !sources.isInSystemHeader(location))
                own.push_back(declaration);
        }
        context_->setTraversalScope(own);
    }

    void onEndOfTranslationUnit() override {
        if (context_ != nullptr)
            context_->setTraversalScope({context_->getTranslationUnitDecl()});
        context_ = nullptr;
    }

private:
    clang::ASTContext* context_ = nullptr;
};

class Module : public clang::tidy::ClangTidyModule {
public:
    void addCheckFactories(clang::tidy::ClangTidyCheckFactories& checks) override {
        checks.registerCheck<OwnCodeCheck>("bootferry-own-code");
    }
};

const clang::tidy::ClangTidyModuleRegistry::Add<Module> registration("bootferry",
                                                                     "Keeps checks to own code.");

} // namespace
