package org.sealwax.router.receive.auth;

import java.util.Arrays;
import java.util.Optional;
import org.sealwax.router.receive.SaslExchange;

/** PLAIN (RFC 4616): name and password as they are; only ever inside TLS. */
final class Plain implements SaslExchange {
  private final PasswordFile file;

  Plain(PasswordFile file) {
    this.file = file;
  }

  @Override
  public SaslStep respond(byte[] response) {
    int first = indexOfNul(response, 0);
    int second = first < 0 ? -1 : indexOfNul(response, first + 1);
    if (second < 0 || indexOfNul(response, second + 1) >= 0) {
      return new SaslStep.Failed(Kind.MALFORMED, "");
    }
    Optional<String> authorize = SaslPrep.utf8(Arrays.copyOf(response, first));
    Optional<String> user =
        SaslPrep.utf8(Arrays.copyOfRange(response, first + 1, second)).flatMap(SaslPrep::user);
    Optional<String> password =
        SaslPrep.utf8(Arrays.copyOfRange(response, second + 1, response.length))
            .flatMap(SaslPrep::password);
    if (authorize.isEmpty() || user.isEmpty() || password.isEmpty()) {
      return new SaslStep.Failed(Kind.MALFORMED, "");
    }
    PasswordFile.StoredUser entry = file.find(user.get());
    boolean right = entry.keys().isOf(password.get()) && entry.exists();
    // No user acts for another one here.
    boolean self = authorize.get().isEmpty() || authorize.get().equals(user.get());
    return right && self ? new SaslStep.Accepted(user.get()) : file.failure(entry, user.get());
  }

  private static int indexOfNul(byte[] bytes, int from) {
    for (int i = from; i < bytes.length; i++) {
      if (bytes[i] == 0) {
        return i;
      }
    }
    return -1;
  }
}
