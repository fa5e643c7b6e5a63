import classes from './StateBadge.module.css';

/** The state of a thing as a word in a frame: colour only underlines what the word says. */
export function StateBadge(props: {
  tone: 'neutral' | 'good' | 'warning' | 'bad';
  children: string;
  title?: string | undefined;
}) {
  return (
    <span className={classes.badge} data-tone={props.tone} title={props.title}>
      {props.children}
    </span>
  );
}
