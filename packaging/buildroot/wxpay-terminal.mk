################################################################################
#
# wxpay-terminal
#
################################################################################

WXPAY_TERMINAL_VERSION = 0.1.0
WXPAY_TERMINAL_SITE = $(call qstrip,$(BR2_PACKAGE_WXPAY_TERMINAL_SITE))
# The crates, vendored: nothing is downloaded while it builds. So this is no
# cargo-package, which would vendor them itself, from the network.
WXPAY_TERMINAL_CRATES = wxpay-terminal-$(WXPAY_TERMINAL_VERSION)-crates.tar.gz
WXPAY_TERMINAL_EXTRA_DOWNLOADS = $(WXPAY_TERMINAL_CRATES)
# The crates' licences are in THIRD-PARTY-LICENSES.txt, which is installed.
WXPAY_TERMINAL_LICENSE = MIT or Apache-2.0
WXPAY_TERMINAL_LICENSE_FILES = LICENSE-MIT LICENSE-APACHE
WXPAY_TERMINAL_INSTALL_STAGING = YES
WXPAY_TERMINAL_DEPENDENCIES = host-pkgconf host-rustc openssl sqlite

define WXPAY_TERMINAL_EXTRACT_CRATES
	$(ZCAT) $(WXPAY_TERMINAL_DL_DIR)/$(WXPAY_TERMINAL_CRATES) | \
		$(TAR) --strip-components=1 -C $(@D) $(TAR_OPTIONS) -
endef
WXPAY_TERMINAL_POST_EXTRACT_HOOKS += WXPAY_TERMINAL_EXTRACT_CRATES

# The last line, after PKG_CARGO_ENV, whose flags for ARM it keeps: the same
# bytes wherever Buildroot builds.
WXPAY_TERMINAL_ENV = \
	$(TARGET_MAKE_ENV) \
	$(TARGET_CONFIGURE_OPTS) \
	$(PKG_CARGO_ENV) \
	CARGO_NET_OFFLINE=true \
	PKG_CONFIG_ALLOW_CROSS=1 \
	TARGET=$(RUSTC_TARGET_NAME) \
	CAPI_FEATURES=capi \
	PREFIX=/usr \
	CARGO_TARGET_$(call UPPERCASE,$(RUSTC_TARGET_NAME))_RUSTFLAGS="$(if $(filter arm,$(NORMALIZED_ARCH)),-Clink-arg=-Wl$(comma)--allow-multiple-definition) --remap-path-prefix=$(@D)=/wxpay-terminal"

define WXPAY_TERMINAL_BUILD_CMDS
	$(WXPAY_TERMINAL_ENV) $(@D)/ci/build-capi
endef

define WXPAY_TERMINAL_INSTALL_STAGING_CMDS
	$(WXPAY_TERMINAL_ENV) DESTDIR=$(STAGING_DIR) $(@D)/ci/install-capi
endef

# On the terminal only what a program loads.
define WXPAY_TERMINAL_INSTALL_TARGET_CMDS
	$(INSTALL) -d $(TARGET_DIR)/usr/lib
	cp -dpf $(STAGING_DIR)/usr/lib/libwxpay_terminal.so.* $(TARGET_DIR)/usr/lib/
endef

$(eval $(generic-package))
