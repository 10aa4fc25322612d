package org.sealwax.router.receive.auth;

import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.router.receive.SaslExchange;
import org.sealwax.router.receive.SaslMechanisms;

/** SCRAM-SHA-256 and PLAIN over one password file. Thread-safe. */
public final class PasswordMechanisms implements SaslMechanisms {
  private static final String SCRAM = "SCRAM-SHA-256";
  private static final String PLAIN = "PLAIN";

  /** Bytes of our half of the nonce. */
  private static final int NONCE = 18;

  private final PasswordFile file;
  private final RandomSource random;

  /** Over a file; the nonces come from {@code random}. */
  public PasswordMechanisms(PasswordFile file, RandomSource random) {
    this.file = file;
    this.random = random;
  }

  @Override
  public List<String> names() {
    return List.of(SCRAM, PLAIN);
  }

  @Override
  public void reloadIfChanged() {
    file.reloadIfChanged();
  }

  @Override
  public Optional<SaslExchange> begin(String mechanism) {
    return switch (mechanism.toUpperCase(Locale.ROOT)) {
      case SCRAM ->
          Optional.of(
              new ScramServer(file, Base64.getEncoder().encodeToString(random.bytes(NONCE))));
      case PLAIN -> Optional.of(new Plain(file));
      default -> Optional.empty();
    };
  }
}
