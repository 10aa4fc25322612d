package org.sealwax.router.route;

import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.DomainPattern;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.address.RecipientDelimiter;
import org.sealwax.mail.policy.PolicyRow;
import org.sealwax.mail.policy.TlsLevel;
import org.sealwax.mail.settings.Setting;
import org.sealwax.mail.settings.SettingTable;
import org.sealwax.mail.settings.SettingsRecord;
import org.sealwax.mail.tls.verdict.Pin;

/**
 * Settings of relay domains, aliases and routes.
 *
 * @param aliasDomains domains whose local parts are aliases
 * @param relayDomains domains of other hosts that we relay mail to
 * @param routes next hops by recipient domain; the most specific pattern wins
 * @param sender sender rewriting, or null when forwarded mail keeps its reverse-path
 * @param pipes names of the configured commands, which alias files may name
 * @param delimiter between a name and its extension
 * @param carryExtension whether {@code name+ext} continues as {@code target+ext}
 * @param postmaster where {@code <Postmaster>} leads, and the {@code roles} of domains that do not
 *     have them; null when none is configured (then {@code check} asks for it)
 * @param roles local parts in lower case that lead to the postmaster when the domain has no entry
 *     of its own (RFC 5321 4.5.1, RFC 2142)
 */
@SettingTable(name = "forward", purpose = "Address extensions of alias domains.")
public record ForwardSettings(
    List<AliasDomain> aliasDomains,
    List<RelayDomain> relayDomains,
    List<TransportRoute> routes,
    @Nullable SenderRewriting sender,
    Set<String> pipes,
    @Setting(
            fallback = "+",
            doc = "Character between a name and its extension; empty: no extensions.")
        RecipientDelimiter delimiter,
    @Setting(
            fallback = "false",
            doc = "Append the extension to the target: name+ext becomes target+ext.")
        boolean carryExtension,
    @Nullable Mailbox postmaster,
    Set<String> roles) {
  /** Rows of one kind; far more than an admin writes, and less than would slow a reload. */
  public static final int MAX_ROWS = 10_000;

  /**
   * Copies and checks.
   *
   * @throws IllegalArgumentException with a sentence for the admin when there are too many rows
   */
  public ForwardSettings {
    aliasDomains = List.copyOf(aliasDomains);
    relayDomains = List.copyOf(relayDomains);
    routes = List.copyOf(routes);
    pipes = Set.copyOf(pipes);
    roles = Set.copyOf(roles);
    if (Math.max(aliasDomains.size(), Math.max(relayDomains.size(), routes.size())) > MAX_ROWS) {
      throw new IllegalArgumentException(
          "more than " + MAX_ROWS + " domains or routes of one kind");
    }
  }

  /** No domains, no routes, no rewriting; extensions with {@code +}; postmaster and abuse roles. */
  public static ForwardSettings defaults() {
    Map<String, @Nullable Object> others = new HashMap<>();
    others.put("sender", null);
    others.put("postmaster", null);
    others.put("pipes", Set.of());
    others.put("roles", Set.of("postmaster", "abuse"));
    return SettingsRecord.defaults(ForwardSettings.class, others);
  }

  /**
   * A domain of aliases.
   *
   * @param domain the domain
   * @param file its alias file; several domains may share one
   * @param caseSensitive whether {@code Bugs} and {@code bugs} differ; by default they do not
   */
  @SettingTable(name = "alias_domain", rows = true, purpose = "Domain whose addresses are aliases.")
  public record AliasDomain(
      @Setting(example = "project.example", required = true, unique = true, doc = "Domain name.")
          Domain domain,
      @Setting(
              example = "/etc/sealwax/aliases",
              required = true,
              doc =
                  "Alias file: \"name: a@x.example, b@y.example\", \"pipe:name\", \"*\" for all other names; see sealwax-aliases(5).")
          Path file,
      @Setting(fallback = "false", doc = "Compare local parts with case.") boolean caseSensitive) {}

  /** The party that knows whether a recipient of a relay domain exists. */
  public enum RecipientVerification {
    NEXT_HOP
  }

  /**
   * A domain of other hosts that we relay mail to.
   *
   * @param domain the domain
   * @param nextHop where its mail goes; null: by the routes, or by MX
   * @param listed file of its recipients, or null
   * @param verification who is asked, or null
   * @param acceptAll whether any recipient is accepted
   */
  @SettingTable(
      name = "relay_domain",
      rows = true,
      oneOf = {"recipients", "verify", "accept_all"},
      purpose =
          "Domain whose mail is accepted and relayed; needs one of recipients, verify, accept_all.")
  public record RelayDomain(
      @Setting(
              example = "lists.project.example",
              required = true,
              unique = true,
              doc = "Domain name.")
          Domain domain,
      @Setting(
              example = "lists.internal.example:25",
              doc =
                  "Next hop: \"host\", \"host:port\" or \"[address]:port\". Default: the MX records of the domain.")
          @Nullable ConfiguredHop nextHop,
      @Setting(
              name = "recipients",
              example = "/etc/sealwax/lists.recipients",
              doc =
                  "File with one local part or address per line; other recipients are rejected at RCPT.")
          @Nullable Path listed,
      @Setting(
              name = "verify",
              example = "next-hop",
              doc = "Recipient verification. next-hop: query the next hop for each recipient.")
          @Nullable RecipientVerification verification,
      @Setting(
              fallback = "false",
              doc =
                  "Accept mail for every local part. Mail that the next hop rejects later is bounced to forged senders (backscatter): prefer recipients or verify.")
          boolean acceptAll) {}

  /**
   * A transport entry.
   *
   * @param pattern recipient domains
   * @param hop where to
   * @param user name for AUTH, or null
   * @param passwordFile file with its password, or null
   * @param implicitTls TLS from the first byte
   * @param level required, or null
   * @param names that the certificate has one of
   * @param pins that the key is one of
   */
  @SettingTable(
      name = "transport",
      rows = true,
      together = {"user", "password_file"},
      purpose = "Fixed next hop for a destination.")
  public record TransportRoute(
      @Setting(
              name = "domain",
              example = "*",
              required = true,
              unique = true,
              doc = "Destination; \"*\": smart host for all mail.")
          DomainPattern pattern,
      @Setting(
              name = "next_hop",
              example = "smart.example.net:587",
              required = true,
              doc = "Next hop: \"host\", \"host:port\" or \"[address]:port\".")
          ConfiguredHop hop,
      @Setting(example = "project", doc = "User name for AUTH.") @Nullable String user,
      @Setting(
              example = "/etc/sealwax/smart.password",
              doc =
                  "File that contains only the password. Credentials are sent only to a verified server; the level is secure unless a policy entry raises it.")
          @Nullable Path passwordFile,
      @Setting(
              fallback = "false",
              doc = "TLS from the first byte (port 465, RFC 8314) instead of STARTTLS.")
          boolean implicitTls,
      @Setting(
              except = {"sts", "dane"},
              example = "encrypt",
              doc =
                  "Required TLS level. Default: secure with a password, else the level of the policy entries.")
          @Nullable TlsLevel level,
      @Setting(
              doc =
                  "Names; the certificate of the next hop must contain one of them, with level secure or verify. Required for a next hop that is an address.")
          List<Domain> names,
      @Setting(doc = "Public keys; the next hop must have one of them, with level fingerprint.")
          Set<Pin> pins) {
    /**
     * The name by which other packages find credentials and level: {@link
     * org.sealwax.router.queue.NextHop.Fixed#route()}.
     */
    public String name() {
      return pattern.text();
    }

    /**
     * What the row demands of its next hop itself, or null.
     *
     * @throws IllegalArgumentException with a sentence for the admin when its parts contradict
     */
    public @Nullable PolicyRow demand() {
      TlsLevel implied =
          !pins.isEmpty() ? TlsLevel.FINGERPRINT : names.isEmpty() ? null : TlsLevel.SECURE;
      TlsLevel demanded = level == null ? implied : level;
      return demanded == null ? null : PolicyRow.of(pattern, demanded, pins, names);
    }
  }

  /**
   * Limits of senders that are stored since they do not fit into a rewritten address.
   *
   * @param perDay new ones in a day; with 20000, the store has at most 180 MB after three weeks
   * @param perClient new ones in a day from one network; below a tenth of the day's, so that a few
   *     networks do not use it up. Trusted clients have no share of their own, since they pass on
   *     the mail of others
   */
  public record StoredSenderLimits(
      @Setting(
              name = "senders_per_day",
              fallback = "20000",
              min = 1,
              max = 1_000_000,
              doc =
                  "Maximum number of new senders per day whose rewritten address would be longer than 64 bytes and who are stored instead; above it their mail gets 451.")
          int perDay,
      @Setting(
              name = "senders_per_client",
              fallback = "1000",
              min = 1,
              max = 1_000_000,
              doc =
                  "Maximum number of them from one untrusted client (IPv4: one /24; IPv6: one /48).")
          int perClient) {
    /** With the defaults. */
    public static StoredSenderLimits defaults() {
      return SettingsRecord.defaults(StoredSenderLimits.class, Map.of());
    }
  }

  /**
   * Sender rewriting (SRS).
   *
   * @param domain ours, with an MX that leads here
   * @param secretFile secrets, one a line, the first signs and all verify; made when absent
   * @param maxAge how long a rewritten address can be answered; whole days, 1 to {@link
   *     Srs#MAX_AGE_DAYS}
   * @param hashLength characters of the hash, {@link Srs#MIN_HASH} to {@link Srs#MAX_HASH}
   * @param stored limits of the senders that do not fit into a rewritten address
   */
  @SettingTable(name = "srs", purpose = "Sender rewriting for forwarded mail (SRS).")
  public record SenderRewriting(
      @Setting(
              example = "project.example",
              doc =
                  "Domain of rewritten senders; this server must receive its mail. Default: senders are not rewritten.")
          Domain domain,
      @Setting(
              example = "/etc/sealwax/srs.secret",
              created = true,
              doc =
                  "File with secrets, one per line, the newest first. Default: one is created in the state folder.")
          Path secretFile,
      Duration maxAge,
      int hashLength,
      StoredSenderLimits stored) {
    /** A bounce may come when the target's queue has given up after five days, and some more. */
    public static final Duration DEFAULT_MAX_AGE = Duration.ofDays(21);

    /** Checks the ranges. */
    public SenderRewriting {
      long days = maxAge.toDays();
      if (days < 1 || days > Srs.MAX_AGE_DAYS) {
        throw new IllegalArgumentException("SRS addresses live 1 to " + Srs.MAX_AGE_DAYS + " days");
      }
      if (hashLength < Srs.MIN_HASH || hashLength > Srs.MAX_HASH) {
        throw new IllegalArgumentException(
            "an SRS hash has " + Srs.MIN_HASH + " to " + Srs.MAX_HASH + " characters");
      }
    }

    /** With the default age and hash. */
    public static SenderRewriting of(Domain domain, Path secretFile, StoredSenderLimits stored) {
      return new SenderRewriting(domain, secretFile, DEFAULT_MAX_AGE, Srs.DEFAULT_HASH, stored);
    }

    /** The limits of the store. */
    SrsTokenLimits tokenLimits() {
      return new SrsTokenLimits(stored, maxAge);
    }
  }
}
