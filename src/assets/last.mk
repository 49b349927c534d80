# Read after all other makefiles by every make of a run: from here on its recipes go through the shells in @RUN@, the
# run directory. The user's makefiles must not notice: SHELL is changed, DISTMAKE_TARGET is new, all else is as it was.

override DISTMAKE_GOAL := $(value .DEFAULT_GOAL)
override DISTMAKE_STATUS := $(if $(filter-out undefined,$(origin .SHELLSTATUS)),$(.SHELLSTATUS))
override DISTMAKE_SHELL := $(SHELL)

# A makefile may want its shell expanded for each target, as in SHELL = $(warning $@)/bin/sh. Kept, unless it asks
# $(shell) for its shell: not every make can do that inside SHELL.
override DISTMAKE_VALUE := $(if $(filter recursive,$(flavor SHELL)),$(value SHELL))
override DISTMAKE_EACH := $(if $(findstring shell,$(DISTMAKE_VALUE))$(findstring \#,$(DISTMAKE_VALUE)),,$(findstring $$,$(DISTMAKE_VALUE)))

# With the blank before it, so that the others keep theirs.
MAKEFILE_LIST := $(subst $(subst x, ,x)@RUN@/last.mk,,$(MAKEFILE_LIST))

# A rule of its own, or that of `%: force` would be run for this file; one with two colons is never tried at all. Read
# by a recipe (first.mk) it needs none, and can have none.
$(if $(filter undefined,$(origin DISTMAKE_LATE)),$(eval @RUN@/last.mk:: ;)$(eval @RUN@/last.mk: .EXTRA_PREREQS :=))

# Too many makefiles for one argument go through a file, which has the pid of this make as its name.
override SHELL := @RUN@/parse/sh
override DISTMAKE_FILE := $(if $(word 300,$(MAKEFILE_LIST)),@RUN@/parse/$(shell pid))
$(if $(DISTMAKE_FILE),$(file >$(DISTMAKE_FILE),$(MAKEFILE_LIST)))
override DISTMAKE_ANSWER := $(shell parse@SEP@$(DISTMAKE_SHELL)@SEP@$(if $(DISTMAKE_FILE),,$(MAKEFILE_LIST)))
$(if $(DISTMAKE_ANSWER),,$(error distmake: no answer from the run in @RUN@))

# A word is the shell, or a line for a makefile; a blank in it is @BLANK@ there. In a recipe (first.mk) no rule is taken.
override DISTMAKE_LINK := $(subst @BLANK@,$(subst x, ,x),$(firstword $(DISTMAKE_ANSWER)))
override DISTMAKE_LINES := $(if $(filter undefined,$(origin DISTMAKE_LATE)),$(wordlist 2,$(words $(DISTMAKE_ANSWER)),$(DISTMAKE_ANSWER)))
$(foreach DISTMAKE_LINE,$(DISTMAKE_LINES),$(eval $(subst @BLANK@, ,$(DISTMAKE_LINE))))
$(if $(DISTMAKE_GOAL),,$(eval .DEFAULT_GOAL :=))

# Under -n, -q and -t make runs only what calls make, and by its own shell it knows more of what it does not run.
override DISTMAKE_IDLE := $(filter-out --%,$(firstword -$(MAKEFLAGS)))
$(if $(findstring n,$(DISTMAKE_IDLE))$(findstring q,$(DISTMAKE_IDLE))$(findstring t,$(DISTMAKE_IDLE)),$(eval override DISTMAKE_LINK := $$(DISTMAKE_SHELL)))

override SHELL := $(DISTMAKE_LINK)
ifneq ($(DISTMAKE_EACH),)
$(eval override DISTMAKE_OWN = $(DISTMAKE_VALUE))
unexport DISTMAKE_OWN DISTMAKE_SHELL DISTMAKE_LINK
override SHELL = $(if $(subst $(DISTMAKE_SHELL),,$(DISTMAKE_OWN)),$(DISTMAKE_OWN),$(DISTMAKE_LINK))
else
override undefine DISTMAKE_SHELL
override undefine DISTMAKE_LINK
endif

ifneq ($(DISTMAKE_STATUS),)
override .SHELLSTATUS := $(DISTMAKE_STATUS)
else
override undefine .SHELLSTATUS
endif
override undefine DISTMAKE_GOAL
override undefine DISTMAKE_STATUS
override undefine DISTMAKE_VALUE
override undefine DISTMAKE_EACH
override undefine DISTMAKE_FILE
override undefine DISTMAKE_ANSWER
override undefine DISTMAKE_LINES
override undefine DISTMAKE_IDLE
override undefine DISTMAKE_LATE

# Expanded for each recipe. Outside of one there is no $@, and --warn-undefined-variables would say so. Where they are
# asked for, the prerequisites stand behind the target.
override export DISTMAKE_TARGET = $(if $(filter undefined,$(origin @)),,$@@PREREQUISITES@)
