package org.sealwax.router.dkim;

import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.DomainPattern;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.address.ReversePath;
import org.sealwax.mail.dkim.DkimSigningKey;
import org.sealwax.mail.tls.verdict.Verdict;
import org.sealwax.router.dkim.KeyTimes.LoadedKey;

/**
 * Decides which keys sign a message. Made again by each reload, with the keys in memory. Immutable.
 */
public final class SigningPolicy {
  /** Nothing is signed. */
  public static final SigningPolicy NONE =
      new SigningPolicy(List.of(), List.of(), new SigningPool(1), KeyUseRecorder.empty());

  private final List<LoadedKey> keys;
  private final List<SenderRow> senders;
  private final SigningPool pool;
  private final KeyUseRecorder use;

  private SigningPolicy(
      List<LoadedKey> keys, List<SenderRow> senders, SigningPool pool, KeyUseRecorder use) {
    this.keys = List.copyOf(keys);
    this.senders = List.copyOf(senders);
    this.pool = pool;
    this.use = use;
  }

  /**
   * Reads the keys.
   *
   * @param rows the keys of all domains
   * @param senders users and clients
   * @param pool makes the signatures
   * @param use notes which keys sign
   * @throws IOException when one of the keys cannot be used
   */
  public static SigningPolicy read(
      List<DkimRow> rows, List<SenderRow> senders, SigningPool pool, KeyUseRecorder use)
      throws IOException {
    List<LoadedKey> keys = new ArrayList<>();
    for (DkimRow row : rows) {
      keys.add(new LoadedKey(row, DkimKeyFile.read(row.domain(), row.selector(), row.key())));
    }
    return new SigningPolicy(keys, senders, pool, use);
  }

  /** {@return the threads that make the signatures} */
  public SigningPool pool() {
    return pool;
  }

  /** {@return whether the mail of a submitter may be signed at all} */
  public boolean knows(Submitter submitter) {
    return !keys.isEmpty() && senders.stream().anyMatch(row -> matches(row, submitter));
  }

  /**
   * {@return the keys that sign the mail of a user or client; none when it is not permitted to use
   * the domain of the author or of the envelope sender, or the author's domain has no key}
   *
   * @param author the one address of the From field
   * @param sender the reverse-path; the null path has no domain and does not prevent it
   * @param now the current time
   */
  public List<DkimSigningKey> keysFor(
      Submitter submitter, Mailbox author, ReversePath sender, Instant now) {
    if (!(author.domain() instanceof Domain from)) {
      return List.of();
    }
    boolean allowed =
        senders.stream()
            .filter(row -> matches(row, submitter))
            .anyMatch(row -> mayUse(row, from) && mayUse(row, sender));
    return allowed ? keysOf(from, now) : List.of();
  }

  /**
   * {@return the keys that sign our own messages: those of the domain of the From field, or of the
   * nearest domain above it, which is aligned with it (RFC 7489 section 3.1.1)}
   *
   * @param from the domain of the From field
   * @param now the current time
   */
  public List<DkimSigningKey> ownKeys(Domain from, Instant now) {
    for (Optional<Domain> at = Optional.of(from); at.isPresent(); at = at.get().parent()) {
      List<DkimSigningKey> found = keysOf(at.get(), now);
      if (!found.isEmpty()) {
        return found;
      }
    }
    return List.of();
  }

  /** One key for each algorithm: the newest in force. */
  private List<DkimSigningKey> keysOf(Domain domain, Instant now) {
    List<DkimSigningKey> signing =
        keys.stream()
            .filter(k -> k.row().domain().equals(domain))
            .filter(k -> KeyTimes.of(k, keys, now) instanceof KeyTimes.Signing)
            .map(LoadedKey::key)
            .sorted(Comparator.comparing(DkimSigningKey::algorithm))
            .toList();
    signing.forEach(key -> use.signs(key.recordName(), now));
    return signing;
  }

  private static boolean matches(SenderRow row, Submitter submitter) {
    return switch (submitter) {
      case Submitter.User user -> row.users().contains(user.name());
      case Submitter.Network n -> row.networks().stream().anyMatch(c -> c.contains(n.address()));
      case Submitter.Certificate c ->
          row.certificates().stream().anyMatch(name -> isVerified(c, name));
      case Submitter.LocalProgram _ -> row.local();
    };
  }

  private static boolean isVerified(Submitter.Certificate certificate, String name) {
    for (Verdict.IdentifiedBy by : Verdict.IdentifiedBy.values()) {
      if (new Verdict.Verified(by, name).text().equals(certificate.verdict())) {
        return true;
      }
    }
    return false;
  }

  private static boolean mayUse(SenderRow row, ReversePath sender) {
    return switch (sender) {
      case ReversePath.SenderMailbox(Mailbox mailbox) ->
          mailbox.domain() instanceof Domain domain && mayUse(row, domain);
      case ReversePath.Null _ -> true;
    };
  }

  private static boolean mayUse(SenderRow row, Domain domain) {
    for (DomainPattern pattern : row.domains()) {
      if (pattern.matches(domain)) {
        return true;
      }
    }
    return false;
  }
}
