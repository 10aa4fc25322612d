package org.sealwax.testkit.tls;

import java.util.Collections;
import java.util.HexFormat;
import java.util.Map;
import org.bouncycastle.tls.TlsSession;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.BoundedMap;

/** TLS 1.2 sessions of one host, by their id; the oldest go. Thread-safe. */
public final class TlsSessionCache {
  /** A trap gets a few connections only. */
  private static final int MOST = 64;

  private final Map<String, TlsSession> sessions =
      Collections.synchronizedMap(BoundedMap.byAge(MOST));

  @Nullable TlsSession find(byte[] id) {
    return sessions.get(HexFormat.of().formatHex(id));
  }

  void add(TlsSession session) {
    byte[] id = session.getSessionID();
    if (id != null && id.length > 0) {
      sessions.put(HexFormat.of().formatHex(id), session);
    }
  }
}
