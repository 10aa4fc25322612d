package org.sealwax.router.milter;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.smtp.Reply;
import org.sealwax.router.log.MailLog;

/**
 * One transaction through all filters, in their order. The first one that refuses decides; one that
 * accepts sees nothing more. Owned by the session's thread.
 */
public final class MilterTransaction implements Closeable {
  /** All filters together, after the message: below the 10 minutes of RFC 5321 4.5.3.2.6. */
  static final Duration TOTAL = Duration.ofMinutes(8);

  /** The reply to a message with a field that does not fit into a packet. */
  static final Reply FIELD_TOO_LARGE =
      Reply.of("552 5.3.4 header field larger than the mail filter accepts");

  /** A chunk of the body, its packet, and an answer. */
  private static final int BUFFERS = 2 * MilterConnection.CHUNK + MilterChannel.MAX_PACKET;

  private final Milters milters;
  private final MilterClient client;
  private final Map<String, String> macros;
  private final List<FilterRun> runs = new ArrayList<>();
  private boolean discards;
  private @Nullable String quarantine;
  private String id = "";

  /** One filter in this transaction. */
  private static final class FilterRun {
    private final MilterSettings settings;
    private Milters.@Nullable TakenConnection taken;

    /** It accepted, or failed and is passed over. */
    private boolean done;

    private FilterRun(MilterSettings settings) {
      this.settings = settings;
    }

    void close() {
      Milters.TakenConnection open = taken;
      taken = null;
      if (open != null) {
        open.close();
      }
    }
  }

  /** One exchange with one filter. */
  @FunctionalInterface
  private interface FilterStep {
    MilterAnswer run(MilterConnection connection) throws IOException, MilterException;
  }

  /** A message on its way in. */
  public interface FilteredMessage {
    /** From its first byte after our trace fields, to be closed. */
    InputStream read() throws IOException;

    /** An empty content in the store. */
    MilterContent newContent() throws IOException;

    /** Takes memory until the transaction ends. */
    boolean tryTakeMemory(long bytes);

    /** Bytes of the largest message that is accepted. */
    long maxBytes();
  }

  /**
   * The result for a message.
   *
   * @param refusal the reply, or null
   * @param discards it is dropped, and the client gets 250
   * @param quarantine why it is held, or null
   * @param edits its changes, or null when there was no filter left to see it
   */
  public record FilterResult(
      @Nullable Reply refusal,
      boolean discards,
      @Nullable String quarantine,
      @Nullable MessageEdits edits) {}

  MilterTransaction(Milters milters, List<MilterSettings> configured, MilterClient client) {
    this.milters = milters;
    this.client = client;
    this.macros = new HashMap<>(client.macros());
    configured.forEach(settings -> runs.add(new FilterRun(settings)));
  }

  /**
   * Connects, and sends client, HELO and MAIL.
   *
   * @param sender the reverse-path without brackets; empty: the null reverse-path
   * @param parameters ESMTP parameters of the command
   * @return the reply that refuses; empty: go on
   */
  public Optional<Reply> mail(String sender, List<String> parameters) {
    addressMacros(MilterStage.MAIL, sender);
    byte[] data = command(sender, parameters);
    return each(
        run -> {
          Milters.TakenConnection taken = milters.connect(run.settings);
          run.taken = taken;
        },
        connection -> {
          MilterAnswer answer = connection.ask(MilterStage.CONNECT, client.connectData(), macros);
          if (answer instanceof MilterAnswer.Continue) {
            answer = connection.ask(MilterStage.HELO, MilterText.data(client.hello()), macros);
          }
          return answer instanceof MilterAnswer.Continue
              ? connection.ask(MilterStage.MAIL, data, macros)
              : answer;
        });
  }

  private void addressMacros(MilterStage stage, String address) {
    String prefix = stage == MilterStage.MAIL ? "mail" : "rcpt";
    macros.put(prefix + "_addr", address);
    macros.put(prefix + "_host", address.substring(address.lastIndexOf('@') + 1));
    macros.put(prefix + "_mailer", "smtp");
  }

  private static byte[] command(String address, List<String> parameters) {
    List<String> words = new ArrayList<>(List.of("<" + address + ">"));
    words.addAll(parameters);
    return MilterText.data(words.toArray(String[]::new));
  }

  /**
   * Sends RCPT; a refusal is about this recipient.
   *
   * @param recipient without brackets
   * @param parameters ESMTP parameters of the command
   * @return the reply that refuses; empty: go on
   */
  public Optional<Reply> rcpt(String recipient, List<String> parameters) {
    addressMacros(MilterStage.RCPT, recipient);
    byte[] data = command(recipient, parameters);
    return each(run -> {}, connection -> connection.ask(MilterStage.RCPT, data, macros));
  }

  /** Sends DATA. */
  public Optional<Reply> data(String queueId) {
    id = queueId;
    macros.put("i", queueId);
    return each(run -> {}, connection -> connection.ask(MilterStage.DATA, new byte[0], macros));
  }

  /** Sends a command that the server does not know. */
  public Optional<Reply> unknown(String command) {
    byte[] data = MilterText.data(command);
    return each(run -> {}, connection -> connection.ask(MilterStage.UNKNOWN, data, macros));
  }

  /** Opens what a step needs. */
  @FunctionalInterface
  private interface FilterOpening {
    void open(FilterRun run) throws MilterException;
  }

  private Optional<Reply> each(FilterOpening opening, FilterStep step) {
    for (FilterRun run : runs) {
      if (discards) {
        break;
      }
      if (run.done) {
        continue;
      }
      try {
        opening.open(run);
        Optional<Reply> refusal = after(run, step.run(connection(run)));
        if (refusal.isPresent()) {
          return refusal;
        }
      } catch (MilterException e) {
        Optional<Reply> refusal = failed(run, e);
        if (refusal.isPresent()) {
          return refusal;
        }
      } catch (IOException e) {
        throw new IllegalStateException("no message is read here", e);
      }
    }
    return Optional.empty();
  }

  private static MilterConnection connection(FilterRun run) throws MilterException {
    Milters.TakenConnection taken = run.taken;
    if (taken == null) {
      throw new MilterException("failed before");
    }
    return taken.connection();
  }

  private Optional<Reply> after(FilterRun run, MilterAnswer answer) throws MilterException {
    switch (answer) {
      case MilterAnswer.Continue _ -> {}
      case MilterAnswer.Accept _ -> {
        run.done = true;
        run.close();
      }
      case MilterAnswer.Refuse refuse -> {
        return Optional.of(refuse.reply());
      }
      case MilterAnswer.Discard _ -> {
        discards = true;
        note(run, MailLog.FilterAction.DISCARDED, "");
      }
      case MilterAnswer.Skip _,
          MilterAnswer.Progress _,
          MilterAnswer.Quarantine _,
          MilterAnswer.EditHeader _,
          MilterAnswer.ReplaceBody _,
          MilterAnswer.NotSupported _ ->
          throw new MilterException("unexpected answer: " + answer.getClass().getSimpleName());
    }
    return Optional.empty();
  }

  private Optional<Reply> failed(FilterRun run, MilterException why) {
    run.close();
    milters.log().filterFailed(run.settings.label(), why);
    if (run.settings.onFailure() == MilterSettings.OnFailure.ACCEPT) {
      run.done = true;
      return Optional.empty();
    }
    return Optional.of(MilterAnswer.DEFERRED);
  }

  private void note(FilterRun run, MailLog.FilterAction action, String detail) {
    milters
        .log()
        .filtered(id, action, run.settings.label() + (detail.isEmpty() ? "" : ": " + detail));
  }

  /**
   * Sends the message to each filter, with the changes of those before it.
   *
   * @throws IOException when the message cannot be read or a change cannot be stored
   */
  public FilterResult message(FilteredMessage message) throws IOException {
    if (discards || runs.stream().allMatch(run -> run.done)) {
      return new FilterResult(null, discards, quarantine, null);
    }
    if (!message.tryTakeMemory(BUFFERS)) {
      throw new MessageEdits.NoMemory();
    }
    MessageEdits edits;
    try (InputStream in = new java.io.BufferedInputStream(message.read())) {
      edits = MessageEdits.read(in, client.mayRelay(), message::tryTakeMemory);
    }
    long end = milters.clock().nanoTime() + TOTAL.toNanos();
    for (FilterRun run : runs) {
      if (run.done || discards) {
        continue;
      }
      Optional<Reply> refusal;
      PendingChanges changes = new PendingChanges(message, client.mayRelay());
      try {
        MilterConnection connection = connection(run);
        Duration left = Duration.ofNanos(Math.max(1, end - milters.clock().nanoTime()));
        Duration own = run.settings.contentTimeout();
        refusal =
            after(
                run,
                send(connection, message, edits, changes, own.compareTo(left) < 0 ? own : left));
        if (refusal.isEmpty() && !discards) {
          apply(run, changes, edits, connection.options().keepsLeadingSpace());
        }
      } catch (MilterException e) {
        refusal = failed(run, e);
      } finally {
        changes.close();
      }
      if (refusal.isPresent()) {
        return new FilterResult(refusal.get(), false, null, null);
      }
    }
    return new FilterResult(null, discards, quarantine, edits);
  }

  private MilterAnswer send(
      MilterConnection connection,
      FilteredMessage message,
      MessageEdits edits,
      PendingChanges changes,
      Duration left)
      throws IOException, MilterException {
    MilterOptions options = connection.options();
    if (!options.omits(MilterStage.HEADER)) {
      for (int i = 0; i < edits.size(); i++) {
        byte[] data = edits.data(i, options.keepsLeadingSpace());
        if (data.length > options.maxData()) {
          return new MilterAnswer.Refuse(FIELD_TOO_LARGE);
        }
        MilterAnswer answer = connection.ask(MilterStage.HEADER, data, macros);
        if (!(answer instanceof MilterAnswer.Continue)) {
          return answer;
        }
      }
    }
    MilterAnswer answer = connection.ask(MilterStage.END_OF_HEADER, new byte[0], macros);
    if (answer instanceof MilterAnswer.Continue) {
      try (InputStream body = edits.openBody(message)) {
        answer = connection.body(body);
      }
    }
    if (!(answer instanceof MilterAnswer.Continue || answer instanceof MilterAnswer.Skip)) {
      return answer;
    }
    return connection.end(macros, left, changes);
  }

  private void apply(FilterRun run, PendingChanges changes, MessageEdits edits, boolean keepsSpace)
      throws IOException, MilterException {
    for (HeaderEdit edit : changes.edits()) {
      if (!edits.apply(edit, keepsSpace)) {
        note(run, MailLog.FilterAction.IGNORED, "a change to a field of another sender's message");
      }
    }
    MilterContent body = changes.takeBody();
    if (body != null) {
      edits.replaceBody(body, changes.isEightBit());
    }
    for (String ignored : changes.ignored()) {
      note(run, MailLog.FilterAction.IGNORED, ignored);
    }
    String reason = changes.quarantine();
    if (reason != null) {
      quarantine = quarantine == null ? reason : quarantine;
      note(run, MailLog.FilterAction.QUARANTINED, reason);
    }
  }

  /** Ends all connections. */
  @Override
  public void close() {
    runs.forEach(FilterRun::close);
  }
}
