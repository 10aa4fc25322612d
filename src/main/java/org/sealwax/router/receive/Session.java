package org.sealwax.router.receive;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.address.ReversePath;
import org.sealwax.mail.smtp.Capabilities;
import org.sealwax.mail.smtp.Command;
import org.sealwax.mail.smtp.EnhancedStatus;
import org.sealwax.mail.smtp.ForwardPath;
import org.sealwax.mail.smtp.Reply;
import org.sealwax.mail.smtp.session.Verbs;
import org.sealwax.mail.tls.TlsServer;
import org.sealwax.mail.tls.TlsWire;
import org.sealwax.mail.tls.verdict.ClientCertificates;
import org.sealwax.mail.tls.verdict.Handshake;
import org.sealwax.mail.tls.verdict.TlsTrouble;
import org.sealwax.mail.tls.verdict.Verdict;
import org.sealwax.router.evidence.Mirror;
import org.sealwax.router.queue.IntakeTrouble;
import org.sealwax.router.route.Resolution;

/**
 * What we say to each verb: reads like RFC 5321 section 4.1, with 3207, 4954, 3030 and 3461. One
 * thread owns it.
 */
final class Session implements Verbs {
  private static final Reply OK = Reply.of(250, EnhancedStatus.of(2, 0, 0), "Ok");
  private static final Reply SENDER_OK = Reply.of(250, EnhancedStatus.of(2, 1, 0), "Ok");
  private static final Reply RECIPIENT_OK = Reply.of(250, EnhancedStatus.of(2, 1, 5), "Ok");
  private static final EnhancedStatus SEQUENCE = EnhancedStatus.of(5, 5, 1);

  /**
   * Recipients over the limit that one session may name: a client that pipelines a long list hears
   * of it only afterwards; one that never stops is no mail client.
   */
  static final int MAX_OVERSHOOT = 1_000;

  private final Premises premises;
  private final Reception reception;
  private final ListenerSettings listener;
  private final @Nullable TlsServer tlsServer;
  private final java.net.InetAddress own;
  private final Visitor visitor;
  private final SessionMemory memory;
  private @Nullable Transaction transaction;
  private int messages;
  private int accepted;
  private int refused;
  private int authFailures;
  private int overshoot;
  private boolean tooManyErrors;

  Session(
      Premises premises,
      Reception reception,
      ListenerSettings listener,
      @Nullable TlsServer tlsServer,
      java.net.InetAddress own,
      Visitor visitor,
      SessionMemory memory) {
    this.premises = premises;
    this.reception = reception;
    this.listener = listener;
    this.tlsServer = tlsServer;
    this.own = own;
    this.visitor = visitor;
    this.memory = memory;
  }

  /** Messages taken. */
  int accepted() {
    return accepted;
  }

  /** Replies of 4yz and 5yz. */
  int refused() {
    return refused;
  }

  /** The session is over; gives back what is open. */
  void ended() {
    reset();
  }

  @Override
  public String name() {
    return reception.settings().host().name();
  }

  @Override
  public Reply greeting() {
    return Reply.of(220, name() + " ESMTP Sealwax");
  }

  @Override
  public Answer answer(Command command) {
    Answer answer =
        switch (command) {
          case Command.Quit c -> new Answer.Close(Reply.of(221, EnhancedStatus.of(2, 0, 0), "Bye"));
          case Command.Malformed c -> refuse(c.verb(), c.reply());
          case Command.Unknown c ->
              refuse(c.verb(), Reply.of(500, EnhancedStatus.of(5, 5, 2), "command not recognized"));
          case Command.Ehlo c -> hello(c.name(), true);
          case Command.Helo c -> hello(c.name(), false);
          case Command.Noop c -> say(OK);
          case Command.Help c ->
              say(
                  Reply.of(
                      214, EnhancedStatus.of(2, 0, 0), "Sealwax, a mail router; see RFC 5321"));
          case Command.Starttls c -> startTls();
          case Command.Rset c -> {
            reset();
            yield say(OK);
          }
          case Command.Vrfy c ->
              say(Reply.of(252, EnhancedStatus.of(2, 5, 2), "send some mail, and we shall try"));
          case Command.Expn c -> refuse("EXPN", Reply.of(502, SEQUENCE, "lists are not shown"));
          case Command.Auth c -> auth(c);
          case Command.Mail c -> mail(c);
          case Command.Rcpt c -> rcpt(c);
          case Command.Data c -> data();
          case Command.Bdat c -> bdat();
        };
    if (tooManyErrors) {
      return new Answer.Close(limited(ClientLimits.Rate.ERRORS));
    }
    return answer;
  }

  private static Answer say(Reply reply) {
    return new Answer.Say(reply);
  }

  private Answer refuse(String stage, Reply reply) {
    return refuse(stage, "", reply);
  }

  private Answer refuse(String stage, String to, Reply reply) {
    note(stage, to, reply);
    return say(reply);
  }

  private void note(String stage, String to, Reply reply) {
    refused++;
    Transaction open = transaction;
    String from = open == null ? "" : open.sender().toString();
    premises.log().refused(visitor.session, visitor.address, stage, from, to, reply.toString());
    if (reply.isPermanent() && !count(ClientLimits.Rate.ERRORS)) {
      tooManyErrors = true;
    }
  }

  private boolean count(ClientLimits.Rate rate) {
    return visitor.local || premises.limits().count(visitor.address.getAddress(), rate);
  }

  private Reply limited(ClientLimits.Rate rate) {
    premises.log().turnedAway(visitor.address, rate.text());
    return Reply.of(421, EnhancedStatus.of(4, 7, 0), name() + " too many " + rate.text());
  }

  @Override
  public boolean isScarce() {
    return premises.sessions().isScarce();
  }

  @Override
  public boolean mayWiden() {
    return memory.tryWiden();
  }

  @Override
  public void narrowed() {
    memory.narrowed();
  }

  @Override
  public void refused(String stage, Reply reply) {
    note(stage, "", reply);
  }

  private void reset() {
    Transaction open = transaction;
    transaction = null;
    if (open != null) {
      open.abandoned();
    }
  }

  private Answer hello(String helloName, boolean esmtp) {
    reset(); // RFC 5321 4.1.4
    visitor.hello = helloName;
    visitor.esmtp = esmtp;
    if (!esmtp) {
      return say(Reply.of(250, name()));
    }
    return say(capabilities().reply(""));
  }

  private Capabilities capabilities() {
    Map<String, String> offered = new LinkedHashMap<>();
    offered.put("PIPELINING", "");
    offered.put("SIZE", Long.toString(reception.settings().size()));
    if (mayStartTls()) {
      offered.put("STARTTLS", "");
    }
    String mechanisms = String.join(" ", mechanisms());
    if (!mechanisms.isEmpty()) {
      offered.put("AUTH", mechanisms);
    }
    offered.put("ENHANCEDSTATUSCODES", "");
    offered.put("8BITMIME", "");
    offered.put("SMTPUTF8", "");
    offered.put("CHUNKING", "");
    if (takesDsn() || offersDsnBeforeAuth()) {
      offered.put("DSN", "");
    }
    if (visitor.tls != null) {
      // RFC 8689 §2: only inside TLS.
      offered.put("REQUIRETLS", "");
    }
    offered.put(
        "LIMITS",
        "MAILMAX="
            + Math.min(reception.settings().messages(), MAX_LIMIT)
            + " RCPTMAX="
            + Math.min(reception.settings().recipients(), MAX_LIMIT));
    return new Capabilities(name(), offered);
  }

  private boolean takesDsn() {
    return switch (listener.dsn()) {
      case RELAY, AUTH -> visitor.trust.maySendAnywhere();
      case ALL -> true;
      case NONE -> false;
    };
  }

  private boolean offersDsnBeforeAuth() {
    return listener.dsn() == ListenerSettings.Dsn.AUTH && !mechanisms().isEmpty();
  }

  /** The refusal of a DSN parameter from a client that it is not offered to. */
  private Reply noDsn(String keyword) {
    return offersDsnBeforeAuth()
        ? Reply.of(530, EnhancedStatus.of(5, 7, 0), "AUTH first: " + keyword)
        : Reply.of(555, EnhancedStatus.of(5, 5, 4), "parameter not known: " + keyword);
  }

  /** RFC 9422 section 3: six digits. */
  private static final int MAX_LIMIT = 999_999;

  private boolean mayStartTls() {
    return tlsServer != null
        && visitor.tls == null
        && listener.encryption() == ListenerSettings.Encryption.STARTTLS;
  }

  /** What may be offered now: passwords never in clear (RFC 4954 section 4). */
  private List<String> mechanisms() {
    SaslMechanisms sasl = reception.sasl();
    return sasl != null && listener.offersAuth() && visitor.tls != null ? sasl.names() : List.of();
  }

  private Answer startTls() {
    TlsServer server = tlsServer;
    if (server == null || !mayStartTls()) {
      return refuse("STARTTLS", Reply.of(503, SEQUENCE, "no STARTTLS here, or TLS already"));
    }
    if (transaction != null) {
      return refuse("STARTTLS", Reply.of(503, SEQUENCE, "not inside a transaction"));
    }
    if (!count(ClientLimits.Rate.HANDSHAKES)) {
      premises.log().turnedAway(visitor.address, ClientLimits.Rate.HANDSHAKES.text());
      return refuse(
          "STARTTLS", Reply.of(454, EnhancedStatus.of(4, 7, 0), "too many TLS handshakes"));
    }
    if (!memory.tryTake(SessionMemory.TLS)) {
      return refuse("STARTTLS", Reply.of(454, EnhancedStatus.of(4, 3, 1), "no memory for TLS now"));
    }
    return new Answer.StartTls(server);
  }

  @Override
  public void encrypted(TlsWire wire) {
    reset();
    visitor.hello = "";
    visitor.esmtp = false;
    handshake(wire.handshake());
  }

  /**
   * Notes a handshake, new or resumed, and what its verdict grants. Whether the peer is the mirror
   * of an MX host is asked from memory.
   */
  void handshake(Handshake shaken) {
    Mirror.Likeness likeness = reception.mirror().of(shaken.peerChain()).orElse(null);
    Handshake handshake =
        likeness == null || shaken.verdict() instanceof Verdict.Verified
            ? shaken
            : shaken.judged(likeness.verdict());
    visitor.tls = handshake;
    premises.log().tlsFromClient(visitor.session, visitor.address, Visitor.facts(handshake));
    if (visitor.trust.maySendAnywhere()) {
      return;
    }
    reception.rules().certificates().trust(handshake).ifPresent(t -> visitor.trust = t);
    if (!visitor.trust.maySendAnywhere() && likeness != null && likeness.relay()) {
      visitor.trust = new Trust.Certificate(likeness.verdict().text());
    }
  }

  @Override
  public void handshakeFailed(TlsTrouble trouble) {
    premises
        .log()
        .tlsFromClientFailed(
            visitor.session,
            visitor.address,
            trouble.kind().name().toLowerCase(java.util.Locale.ROOT).replace('_', '-'),
            String.valueOf(trouble.getMessage()));
  }

  /** What stands in the way of mail from this client, or null. */
  private @Nullable Reply barrier() {
    Handshake tls = visitor.tls;
    if (listener.certificates() == ClientCertificates.REQUIRE) {
      if (tls == null) {
        return Reply.of(530, EnhancedStatus.of(5, 7, 0), "STARTTLS first");
      }
      if (tls.verdict() instanceof Verdict.Anonymous) {
        return Reply.of(554, EnhancedStatus.of(5, 7, 0), "a client certificate is required here");
      }
    }
    return visitor.hello.isEmpty() ? Reply.of(503, SEQUENCE, "say EHLO first") : null;
  }

  private Answer auth(Command.Auth command) {
    SaslMechanisms sasl = reception.sasl();
    if (sasl == null || !listener.offersAuth()) {
      return refuse("AUTH", Reply.of(502, SEQUENCE, "no AUTH here"));
    }
    if (visitor.tls == null) {
      return refuse(
          "AUTH", Reply.of(538, EnhancedStatus.of(5, 7, 11), "only inside TLS: STARTTLS first"));
    }
    Reply barrier = barrier();
    if (barrier != null) {
      return refuse("AUTH", barrier);
    }
    if (transaction != null || visitor.trust instanceof Trust.Login) {
      return refuse("AUTH", Reply.of(503, SEQUENCE, "not now: inside a transaction, or done"));
    }
    Optional<SaslExchange> exchange = sasl.begin(command.mechanism());
    if (exchange.isEmpty()) {
      return refuse("AUTH", Reply.of(504, EnhancedStatus.of(5, 5, 4), "mechanism not known here"));
    }
    String initial = command.initial();
    if (initial == null) {
      return new Answer.Ask("", line -> saslLine(command.mechanism(), exchange.get(), line));
    }
    // RFC 4954 section 4: "=" is a response of no octets.
    return saslLine(command.mechanism(), exchange.get(), initial.equals("=") ? "" : initial);
  }

  private Answer saslLine(String mechanism, SaslExchange exchange, String line) {
    if (line.equals("*")) {
      return refuse("AUTH", Reply.of(501, EnhancedStatus.of(5, 7, 0), "AUTH cancelled"));
    }
    byte[] response;
    try {
      response = Base64.getDecoder().decode(line);
    } catch (IllegalArgumentException e) {
      return authFailed(mechanism, "", Reply.of(501, EnhancedStatus.of(5, 5, 2), "not base64"));
    }
    return switch (premises.auth().respond(exchange, response)) {
      case SaslExchange.Step.Challenge c ->
          new Answer.Ask(
              Base64.getEncoder().encodeToString(c.text().getBytes(StandardCharsets.UTF_8)),
              next -> saslLine(mechanism, exchange, next));
      case SaslExchange.Step.Accepted a -> {
        visitor.trust = new Trust.Login(a.user());
        premises.log().authenticated(visitor.session, visitor.address, mechanism, a.user());
        yield say(Reply.of(235, EnhancedStatus.of(2, 7, 0), "welcome"));
      }
      case SaslExchange.Step.Failed f ->
          switch (f.kind()) {
            case CREDENTIALS ->
                authFailed(
                    mechanism,
                    f.user(),
                    Reply.of(535, EnhancedStatus.of(5, 7, 8), "name or password are wrong"));
            case NOT_NOW ->
                authFailed(
                    mechanism,
                    f.user(),
                    Reply.of(
                        454, EnhancedStatus.of(4, 7, 0), "passwords are being changed, try again"));
            case MALFORMED ->
                authFailed(
                    mechanism,
                    f.user(),
                    Reply.of(501, EnhancedStatus.of(5, 5, 2), "not the mechanism's syntax"));
          };
    };
  }

  private Answer authFailed(String mechanism, String user, Reply reply) {
    premises.log().authenticationFailed(visitor.session, visitor.address, mechanism, user);
    premises.auth().delay(++authFailures);
    if (authFailures >= reception.settings().authFailures()) {
      note("AUTH", "", reply);
      return new Answer.Close(
          Reply.of(421, EnhancedStatus.of(4, 7, 0), name() + " too many failed AUTH"));
    }
    return refuse("AUTH", reply);
  }

  private Answer mail(Command.Mail command) {
    Reply barrier = barrier();
    if (barrier != null) {
      return refuse("MAIL", barrier);
    }
    if (transaction != null) {
      return refuse("MAIL", Reply.of(503, SEQUENCE, "a transaction is open: RSET first"));
    }
    if (messages >= reception.settings().messages()) {
      Reply reply =
          Reply.of(421, EnhancedStatus.of(4, 7, 0), name() + " enough mail for one session");
      note("MAIL", "", reply);
      return new Answer.Close(reply);
    }
    if (!count(ClientLimits.Rate.MESSAGES)) {
      return new Answer.Close(limited(ClientLimits.Rate.MESSAGES));
    }
    if (command.international() && !command.parameters().smtputf8()) {
      return refuse(
          "MAIL", Reply.of(550, EnhancedStatus.of(5, 6, 7), "this address needs SMTPUTF8"));
    }
    if (command.parameters().requireTls() && visitor.tls == null) {
      // Not offered here, so not understood here (RFC 5321 4.1.1.11); taken silently, the sender
      // would believe a promise that the hop to us has broken already.
      return refuse(
          "MAIL",
          Reply.of(555, EnhancedStatus.of(5, 7, 10), "REQUIRETLS inside TLS only: STARTTLS first"));
    }
    if (command.parameters().asksForDsn() && !takesDsn()) {
      return refuse("MAIL", noDsn("RET or ENVID"));
    }
    long size = command.parameters().size().orElse(0);
    if (size > reception.settings().size()) {
      return refuse(
          "MAIL",
          Reply.of(
              552,
              EnhancedStatus.of(5, 3, 4),
              "messages have at most " + reception.settings().size() + " octets here"));
    }
    transaction =
        new Transaction(premises, reception, visitor, memory, command.path(), command.parameters());
    return say(SENDER_OK);
  }

  private Answer rcpt(Command.Rcpt command) {
    Transaction open = transaction;
    if (open == null || open.hasBegun()) {
      return refuse("RCPT", Reply.of(503, SEQUENCE, "MAIL first"));
    }
    String to = command.path().toString();
    if (command.parameters().asksForDsn() && !takesDsn()) {
      return refuse("RCPT", to, noDsn("NOTIFY or ORCPT"));
    }
    if (open.addressed() >= reception.settings().recipients()) {
      if (++overshoot > MAX_OVERSHOOT) {
        Reply reply =
            Reply.of(421, EnhancedStatus.of(4, 7, 0), name() + " far too many recipients");
        note("RCPT", to, reply);
        return new Answer.Close(reply);
      }
      // RFC 5321 4.5.3.1.10: the client sends the rest in another transaction.
      return refuse(
          "RCPT", to, Reply.of(452, EnhancedStatus.of(4, 5, 3), "too many recipients at once"));
    }
    if (!count(ClientLimits.Rate.RECIPIENTS)) {
      return new Answer.Close(limited(ClientLimits.Rate.RECIPIENTS));
    }
    if (command.international() && !open.smtputf8()) {
      return refuse(
          "RCPT", to, Reply.of(553, EnhancedStatus.of(5, 6, 7), "this address needs SMTPUTF8"));
    }
    Mailbox original = original(command.path());
    RelayRules.Ruling ruling = ruling(command.path(), original, open.sender());
    return switch (ruling) {
      case RelayRules.Ruling.Take take ->
          open.add(original, take, command.parameters())
              ? say(RECIPIENT_OK)
              : refuse(
                  "RCPT",
                  to,
                  Reply.of(452, EnhancedStatus.of(4, 3, 1), "no memory for more recipients now"));
      case RelayRules.Ruling.Refuse no -> refuse("RCPT", to, no.reply());
    };
  }

  private Mailbox original(ForwardPath path) {
    return switch (path) {
      case ForwardPath.Postmaster p -> new Mailbox("postmaster", reception.settings().host());
      case ForwardPath.To t -> t.mailbox();
    };
  }

  private RelayRules.Ruling ruling(ForwardPath path, Mailbox recipient, ReversePath sender) {
    RelayRules rules = reception.rules();
    if (path instanceof ForwardPath.Postmaster) {
      return postmaster(rules, recipient);
    }
    Resolution resolution = reception.directory().resolve(recipient);
    boolean toPostmaster =
        rules.isOurPostmaster(recipient, resolution, reception.settings().host(), own);
    if (!toPostmaster) {
      Optional<RejectRow> row =
          rules.reject(
              visitor.local ? null : visitor.address.getAddress(),
              !visitor.local && isNameless(rules),
              sender,
              recipient);
      if (row.isPresent()) {
        return new RelayRules.Ruling.Refuse(row.get().reply());
      }
    }
    RelayRules.Ruling ruling = rules.ruling(recipient, resolution, visitor.trust);
    // NotOurs: this host's own name or address; sent on by MX, it would only come back.
    boolean nowhere =
        ruling instanceof RelayRules.Ruling.Refuse || resolution instanceof Resolution.NotOurs;
    return toPostmaster && nowhere ? postmaster(rules, recipient) : ruling;
  }

  private boolean isNameless(RelayRules rules) {
    boolean asked = rules.rejects().stream().anyMatch(r -> r.on() instanceof RejectRow.On.Nameless);
    return asked && visitor.name.await() == ClientName.State.NONE;
  }

  private RelayRules.Ruling postmaster(RelayRules rules, Mailbox recipient) {
    Mailbox configured = rules.postmaster();
    if (configured == null) {
      return rules.heldForPostmaster(recipient);
    }
    return rules.rulingForPostmaster(configured, reception.directory().resolve(configured));
  }

  private Answer data() {
    Transaction open = transaction;
    if (open == null || open.hasBegun()) {
      return refuse("DATA", Reply.of(503, SEQUENCE, "MAIL and RCPT first"));
    }
    if (open.addressed() == 0) {
      return refuse("DATA", Reply.of(554, SEQUENCE, "no valid recipients"));
    }
    Reply trouble = begin(open);
    return trouble == null ? new Answer.TakeData(closing(open)) : refuse("DATA", trouble);
  }

  private Answer bdat() {
    Transaction open = transaction;
    if (open == null) {
      return refuse("BDAT", Reply.of(503, SEQUENCE, "MAIL and RCPT first"));
    }
    if (open.addressed() == 0) {
      return refuse("BDAT", Reply.of(554, SEQUENCE, "no valid recipients"));
    }
    if (!open.hasBegun()) {
      Reply trouble = begin(open);
      if (trouble != null) {
        // The chunks that follow in the group must not open it again.
        reset();
        return refuse("BDAT", trouble);
      }
      chunks = closing(open);
    }
    Body body = chunks;
    if (body == null) {
      throw new IllegalStateException("begun without chunks");
    }
    return new Answer.TakeChunk(body);
  }

  private @Nullable Body chunks;

  private @Nullable Reply begin(Transaction open) {
    try {
      open.begin();
      return null;
    } catch (IntakeTrouble e) {
      premises.log().storeTrouble("message not taken: " + e.getMessage(), e);
      return Transaction.reply(e);
    }
  }

  /** The transaction as a body; whatever comes of it, the transaction is over then. */
  private Body closing(Transaction open) {
    return new Body() {
      @Override
      public long most() {
        return open.most();
      }

      @Override
      public void take(byte[] block, int offset, int length) {
        open.take(block, offset, length);
      }

      @Override
      public Reply chunkTaken(long octets) {
        return open.chunkTaken(octets);
      }

      @Override
      public Reply complete(org.sealwax.mail.smtp.BodySummary summary) {
        messages++;
        Reply reply = open.complete(summary);
        if (reply.isPositive()) {
          accepted++;
        } else {
          note("end of message", "", reply);
        }
        transaction = null;
        return reply;
      }

      @Override
      public void abandoned() {
        open.abandoned();
      }
    };
  }
}
