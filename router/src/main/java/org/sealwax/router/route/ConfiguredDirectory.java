package org.sealwax.router.route;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.LocalPart;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.address.ReversePath;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.WatchedFile;
import org.sealwax.mail.smtp.Reply;
import org.sealwax.router.log.MailLog;
import org.sealwax.router.queue.DeliveryTarget;
import org.sealwax.router.queue.NextHop;

/** The directory of the settings and the files they name ({@link DirectoryFiles}). */
public final class ConfiguredDirectory implements RecipientDirectory {
  /** Maximum nesting of aliases: deeper than an admin nests them. */
  public static final int MAX_DEPTH = 20;

  /** Mailboxes that one recipient may lead to, all aliases followed. */
  public static final int MAX_TARGETS = AliasFile.MAX_TARGETS;

  private static final String TOO_MANY =
      "this address expands to more than " + MAX_TARGETS + " recipients";

  private final ForwardSettings settings;
  private final RecipientProbe probe;
  private final VerificationCache verifications;
  private final MailLog log;
  private final TransportTable routes;
  private final DirectoryFiles files;
  private final Map<Domain, WatchedFile<AliasTable>> aliases;
  private final Map<Domain, ForwardSettings.RelayDomain> relays = new HashMap<>();
  private final @Nullable SenderRewriter rewriter;
  private final Set<Mailbox> reportAddresses = new HashSet<>();

  /**
   * Reads all files; makes the secret for sender rewriting when it is absent.
   *
   * @param reports addresses, of domains that are ours, whose mail this server reads itself as
   *     reports about its TLS (RFC 8460), whatever an alias file has for them; their local parts
   *     have no case
   * @param probe asks next hops about recipients
   * @param verifications their answers; outlives configurations
   * @param senders the senders that do not fit into a rewritten address; outlives configurations;
   *     null: none is needed, as these settings rewrite no senders
   * @param clock time
   * @param random for a secret that has to be made
   * @param log facts
   * @param former of the configuration before, or null: files that it reads too are read as {@link
   *     WatchedFile#reload} states
   * @throws InvalidFileException when a file is wrong, with all that is wrong in that file
   * @throws IOException when a file cannot be read
   */
  public ConfiguredDirectory(
      ForwardSettings settings,
      List<Mailbox> reports,
      RecipientProbe probe,
      VerificationCache verifications,
      @Nullable SrsTokenStore senders,
      Clock clock,
      RandomSource random,
      MailLog log,
      @Nullable ConfiguredDirectory former)
      throws IOException {
    this.settings = settings;
    reports.forEach(address -> reportAddresses.add(folded(address)));
    this.probe = probe;
    this.verifications = verifications;
    this.log = log;
    this.routes = new TransportTable(settings);
    this.files =
        new DirectoryFiles(settings, clock, random, log, former == null ? null : former.files);
    this.aliases = files.aliases();
    settings.relayDomains().forEach(row -> relays.put(row.domain(), row));
    ForwardSettings.SenderRewriting rewriting = settings.sender();
    this.rewriter =
        rewriting == null || files.secrets() == null
            ? null
            : new SenderRewriter(
                files.secrets(),
                Objects.requireNonNull(senders, "rewriting without a store"),
                rewriting.tokenLimits(),
                clock,
                log);
  }

  /** Everything that is wrong in the files of these settings, and what an admin should know. */
  public static List<String> flaws(ForwardSettings settings) {
    return DirectoryFiles.flaws(settings);
  }

  /**
   * Checks the files for changes when it is time, so that changes count also when no mail comes.
   */
  @Override
  public void reloadIfChanged() {
    files.reloadIfChanged();
  }

  private static Mailbox folded(Mailbox mailbox) {
    return new Mailbox(LocalPart.folded(mailbox.localPart()), mailbox.domain());
  }

  @Override
  public AddressResolution resolve(Mailbox recipient) {
    if (!reportAddresses.isEmpty() && reportAddresses.contains(folded(recipient))) {
      return new AddressResolution.Forwarded(List.of(new DeliveryTarget.Reports(recipient)));
    }
    if (!(recipient.domain() instanceof Domain domain)) {
      return new AddressResolution.NotLocal();
    }
    if (rewriter != null) {
      switch (rewriter.reversed(recipient)) {
        case SenderRewriter.BounceTarget.Found to -> {
          return returned(to.original());
        }
        case SenderRewriter.BounceTarget.Refused refused -> {
          return refused.resolution();
        }
        case SenderRewriter.BounceTarget.NotRewritten n -> {}
      }
    }
    if (aliases.containsKey(domain)) {
      return new AliasExpansion(true).of(recipient, domain);
    }
    ForwardSettings.RelayDomain relay = relays.get(domain);
    if (relay != null) {
      return relayed(recipient, relay);
    }
    if (isRewritingDomain(domain)) {
      AddressResolution role = role(recipient.localPart());
      return role == null ? unknown() : role;
    }
    return new AddressResolution.NotLocal();
  }

  // A domain may have become ours since the address was made.
  private AddressResolution returned(Mailbox original) {
    return original.domain() instanceof Domain domain && aliases.containsKey(domain)
        ? new AliasExpansion(true).of(original, domain)
        : new AddressResolution.ReturnedBounce(new DeliveryTarget.Remote(original));
  }

  /**
   * Errors in the aliases: loops, nesting too deep, names that do not exist; one sentence each, at
   * most {@link AliasFile#MAX_FLAWS}. Walks all aliases.
   */
  public List<String> aliasErrors() {
    Set<String> out = new LinkedHashSet<>();
    for (Map.Entry<Domain, WatchedFile<AliasTable>> row : aliases.entrySet()) {
      for (String name : row.getValue().now().names()) {
        if (out.size() >= AliasFile.MAX_FLAWS) {
          return List.copyOf(out);
        }
        int at = name.lastIndexOf('@');
        if (at == 0 || name.equals(AliasTable.ANY)) {
          continue;
        }
        AliasExpansion expansion = new AliasExpansion(true);
        Mailbox alias = new Mailbox(at < 0 ? name : name.substring(0, at), row.getKey());
        expansion.follow(alias, row.getKey());
        out.addAll(expansion.errors);
        if (expansion.found.size() > MAX_TARGETS) {
          out.add(alias + ": " + TOO_MANY);
        }
      }
    }
    return List.copyOf(out);
  }

  @Override
  public List<DeliveryTarget> targetsOf(Mailbox mailbox) {
    // A relay domain's address goes on as it is; it would be verified at its next hop.
    boolean isRelayed =
        mailbox.domain() instanceof Domain domain
            && relays.containsKey(domain)
            && !aliases.containsKey(domain);
    return isRelayed
        ? RecipientDirectory.super.targetsOf(mailbox)
        : switch (resolve(mailbox)) {
          case AddressResolution.Forwarded f -> f.targets();
          case AddressResolution.ReturnedBounce r -> List.of(r.target());
          case AddressResolution.NotLocal _,
              AddressResolution.UnknownRecipient _,
              AddressResolution.Undeliverable _,
              AddressResolution.TemporaryFailure _,
              AddressResolution.StoreTrouble _,
              AddressResolution.Relayed _ ->
              RecipientDirectory.super.targetsOf(mailbox);
        };
  }

  @Override
  public AddressResolution postmaster() {
    Mailbox at = settings.postmaster();
    if (at == null) {
      return RecipientDirectory.super.postmaster();
    }
    if (at.domain() instanceof Domain domain && aliases.containsKey(domain)) {
      // Without roles: the postmaster must not lead to the postmaster.
      return new AliasExpansion(false).of(at, domain);
    }
    return new AddressResolution.Forwarded(List.of(new DeliveryTarget.Remote(at)));
  }

  @Override
  public ForwardSender senderForForward(ReversePath sender) {
    return switch (sender) {
      case ReversePath.Null n -> ForwardSender.of(n);
      case ReversePath.SenderMailbox s ->
          rewriter == null || isLocal(s.mailbox())
              ? ForwardSender.of(s)
              : rewriter.rewritten(s.mailbox());
    };
  }

  @Override
  public boolean isValidRewrittenSender(ReversePath sender) {
    return rewriter != null
        && sender instanceof ReversePath.SenderMailbox s
        && rewriter.isValid(s.mailbox());
  }

  private boolean isLocal(Mailbox mailbox) {
    return mailbox.domain() instanceof Domain domain
        && (aliases.containsKey(domain) || relays.containsKey(domain) || isRewritingDomain(domain));
  }

  private boolean isRewritingDomain(Domain domain) {
    return settings.sender() != null && settings.sender().domain().equals(domain);
  }

  /** A file is being changed, or was changed into something that was not taken. */
  static AddressResolution changing() {
    return new AddressResolution.TemporaryFailure("recipients are being reloaded, try again later");
  }

  private static AddressResolution unknown() {
    return new AddressResolution.UnknownRecipient("recipient unknown");
  }

  private @Nullable AddressResolution role(String localPart) {
    String local = LocalPart.folded(localPart);
    boolean isRole = local.equals("postmaster") || settings.roles().contains(local);
    boolean served = settings.postmaster() != null || local.equals("postmaster");
    return isRole && served ? postmaster() : null;
  }

  /**
   * What other routers might read as a route of its own (percent hack, bang path, RFC 5321 F.1).
   */
  private static boolean isRoute(String localPart) {
    for (int i = 0; i < localPart.length(); i++) {
      char c = localPart.charAt(i);
      if (c == '%' || c == '!' || c == '@') {
        return true;
      }
    }
    return false;
  }

  private AddressResolution relayed(Mailbox recipient, ForwardSettings.RelayDomain relay) {
    if (LocalPart.isNamed(recipient.localPart(), "postmaster")) {
      return new AddressResolution.Relayed();
    }
    WatchedFile<Set<String>> listed = files.recipients(relay);
    if (listed != null) {
      WatchedFile.ParsedFile<Set<String>> names = listed.state();
      AddressResolution found = inList(recipient.localPart(), names.value());
      return found instanceof AddressResolution.UnknownRecipient && listed.isChanged(names)
          ? changing()
          : found;
    }
    if (isRoute(recipient.localPart())) {
      return unknown();
    }
    if (relay.verification() != null) {
      return verified(recipient);
    }
    return relay.acceptAll() ? new AddressResolution.Relayed() : unknown();
  }

  private AddressResolution inList(String localPart, Set<String> names) {
    String name = LocalPart.folded(localPart);
    if (names.contains(name)) {
      return new AddressResolution.Relayed(true);
    }
    int end = settings.delimiter().endOfName(name);
    return end > 0 && !isRoute(name) && names.contains(name.substring(0, end))
        ? new AddressResolution.Relayed()
        : unknown();
  }

  private AddressResolution verified(Mailbox recipient) {
    NextHop hop = routes.nextHopFor(new DeliveryTarget.Remote(recipient));
    return switch (verifications.verify(recipient, hop, probe)) {
      case RecipientProbe.VerificationResult.Exists e -> new AddressResolution.Relayed();
      case RecipientProbe.VerificationResult.Refused refused ->
          isAboutTheMailbox(refused.reply())
              ? unknown()
              : new AddressResolution.TemporaryFailure("this recipient cannot be verified now");
      case RecipientProbe.VerificationResult.NotKnown n ->
          new AddressResolution.TemporaryFailure("this recipient cannot be verified now");
    };
  }

  // RFC 3463 3.2, 3.3: addressing and mailbox. A refusal for another reason (policy, 5.7.x) is
  // about this server, and must not be reported to clients as an unknown recipient.
  private static boolean isAboutTheMailbox(Reply reply) {
    return reply.status() == null || reply.status().subject() == 1 || reply.status().subject() == 2;
  }

  /** One recipient's aliases, followed. */
  private final class AliasExpansion {
    private final Set<DeliveryTarget> found = new LinkedHashSet<>();
    private final Set<Mailbox> path = new HashSet<>();
    private final Set<Mailbox> done = new HashSet<>();
    private final List<String> errors = new ArrayList<>();
    private final Map<Domain, WatchedFile.ParsedFile<AliasTable>> tables = new HashMap<>(2);
    private final boolean roles;

    AliasExpansion(boolean roles) {
      this.roles = roles;
    }

    AddressResolution of(Mailbox recipient, Domain domain) {
      if (!follow(recipient, domain)) {
        AddressResolution role = roles ? role(recipient.localPart()) : null;
        if (role != null) {
          return role;
        }
        if (!followAny(recipient, domain)) {
          return roles
              ? isChanging(domain) ? changing() : unknown()
              : new AddressResolution.TemporaryFailure("the postmaster's address does not exist");
        }
      }
      for (String problem : errors) {
        log.warning("forward", recipient + ": " + problem);
      }
      if (found.size() > MAX_TARGETS) {
        return new AddressResolution.Undeliverable(TOO_MANY);
      }
      // The admin wants mail for this alias: an error in the configuration must not refuse it.
      return found.isEmpty()
          ? new AddressResolution.TemporaryFailure("this address has no targets at present")
          : new AddressResolution.Forwarded(List.copyOf(found));
    }

    private boolean follow(Mailbox alias, Domain domain) {
      AliasTable table = table(domain);
      String local = alias.localPart();
      List<String> targets = table.named(local, domain);
      String extension = "";
      int end = settings.delimiter().endOfName(local);
      if (targets == null && end > 0 && !isRoute(local)) {
        targets = table.named(local.substring(0, end), domain);
        extension = local.substring(end);
      }
      if (targets == null) {
        return false;
      }
      expand(alias, domain, targets, extension);
      return true;
    }

    private boolean followAny(Mailbox alias, Domain domain) {
      List<String> targets = isRoute(alias.localPart()) ? null : table(domain).any(domain);
      if (targets == null) {
        return false;
      }
      expand(alias, domain, targets, "");
      return true;
    }

    private AliasTable table(Domain domain) {
      return tables.computeIfAbsent(domain, d -> file(d).state()).value();
    }

    private boolean isChanging(Domain domain) {
      WatchedFile.ParsedFile<AliasTable> table = tables.get(domain);
      return table != null && file(domain).isChanged(table);
    }

    private WatchedFile<AliasTable> file(Domain domain) {
      WatchedFile<AliasTable> table = aliases.get(domain);
      if (table == null) {
        throw new IllegalStateException("not an alias domain: " + domain);
      }
      return table;
    }

    private void expand(Mailbox alias, Domain domain, List<String> targets, String extension) {
      Mailbox folded = folded(alias);
      if (path.contains(folded)) {
        errors.add("alias loop at " + alias);
        return;
      }
      if (!done.add(folded)) {
        return;
      }
      if (path.size() == MAX_DEPTH) {
        errors.add("aliases are nested deeper than " + MAX_DEPTH + " at " + alias);
        return;
      }
      path.add(folded);
      for (String target : targets) {
        if (found.size() > MAX_TARGETS) {
          break;
        }
        if (target.startsWith(AliasTable.PIPE)) {
          found.add(new DeliveryTarget.Pipe(target.substring(AliasTable.PIPE.length()), alias));
        } else {
          one(mailbox(target, domain), extension);
        }
      }
      path.remove(folded);
    }

    private Mailbox mailbox(String target, Domain domain) {
      AddressText text =
          AddressText.parse(target)
              .orElseThrow(() -> new IllegalStateException("unchecked alias target"));
      return new Mailbox(text.local(), text.domain() == null ? domain : new Domain(text.domain()));
    }

    private void one(Mailbox plain, String extension) {
      Mailbox target = plain;
      String carried = plain.localPart() + extension;
      boolean fits = carried.getBytes(StandardCharsets.UTF_8).length <= Mailbox.MAX_LOCAL_PART;
      if (settings.carryExtension() && fits) {
        target = new Mailbox(carried, plain.domain());
      }
      if (!(target.domain() instanceof Domain domain) || !aliases.containsKey(domain)) {
        found.add(new DeliveryTarget.Remote(target));
      } else if (!follow(target, domain) && !roleOrAny(target, domain)) {
        errors.add("leads to " + target + ", which does not exist");
      }
    }

    private boolean roleOrAny(Mailbox target, Domain domain) {
      AddressResolution role = roles ? role(target.localPart()) : null;
      if (role instanceof AddressResolution.Forwarded to) {
        found.addAll(to.targets());
        return true;
      }
      return followAny(target, domain);
    }
  }
}
