import { createContext, type ReactNode, useContext } from 'react';
import type { Preferences } from '#shared/ipc/settings.ts';

type Density = Preferences['density'];

const ROW_HEIGHT_PX: Record<Density, number> = { comfortable: 36, compact: 30 };
const DensityContext = createContext<Density>('comfortable');

/** Says how close together rows stand, for all tables below. */
export function DensityProvider(props: { density: Density; children: ReactNode }) {
  return <DensityContext value={props.density}>{props.children}</DensityContext>;
}

/** Height of a table row in CSS pixels: 36, or 30 in the compact density. */
export function useRowHeight(): number {
  return ROW_HEIGHT_PX[useContext(DensityContext)];
}
