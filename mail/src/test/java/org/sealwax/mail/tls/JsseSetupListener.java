package org.sealwax.mail.tls;

import org.junit.platform.launcher.LauncherSession;
import org.junit.platform.launcher.LauncherSessionListener;

/**
 * Does for the tests what {@code main} does first: JSSE reads its switches once per process, and
 * any test of any package may be the first to touch it.
 */
public final class JsseSetupListener implements LauncherSessionListener {
  @Override
  public void launcherSessionOpened(LauncherSession session) {
    TlsFactory.prepareJvm();
  }
}
