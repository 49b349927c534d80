# Read before all other makefiles (by MAKEFILES) by a make that was called by its path, past the wrapper in @RUN@. It has
# last.mk read after all others: a makefile that is missing is made when the rest has been read, and its recipe, which
# expands to nothing, is where last.mk comes in. MAKEFILES is the user's own from here on; what recipes on this machine
# call by path gets ours again.
MAKEFILE_LIST := $(subst @RUN@/first.mk,,$(MAKEFILE_LIST))

ifneq ($(filter-out 0.% 1.% 2.% 3.%,$(MAKE_VERSION)),)
override DISTMAKE_OWN := $(strip $(subst @RUN@/first.mk,,$(value MAKEFILES)))
override undefine MAKEFILES
$(eval $(if $(DISTMAKE_OWN),export )MAKEFILES = $(DISTMAKE_OWN))
override undefine DISTMAKE_OWN

# A rule of its own, or that of `%: force` would be run for this file.
@RUN@/first.mk:: ;
-include @RUN@/late
@RUN@/late: .EXTRA_PREREQS :=
@RUN@/late: ; $(eval override DISTMAKE_LATE := 1)$(eval include @RUN@/last.mk)
endif
